import { onlyVolume } from '../../src/config/volumes.ts';
import { enter } from '../../src/hosts/host-state.ts';
import { enterWorld } from './edge/edge-world.ts';
import { Faults } from './faults.ts';
import type { Violation } from './oracle.ts';
import { watchOthers } from './others-oracle.ts';
import { Programs } from './programs.ts';
import type { Schedule } from './schedule.ts';
import { watchStatus } from './status-oracle.ts';
import { findWayOut } from './way-out.ts';
import { World } from './world/world.ts';

export interface Outcome {
  violations: Violation[];
  story: string[];
  /** Events of the world, and calls of the program. */
  steps: number;
}

/** Runs a schedule: the faults, then the repair, and at last the way out. Stops at the first violation. */
export async function runSchedule(schedule: Schedule, passedOver: ReadonlySet<string> = new Set()): Promise<Outcome> {
  const world = new World(schedule.options);
  world.passedOver = passedOver;
  enterWorld(world);
  const programs = new Programs(world);
  const faults = new Faults(world, programs);
  const isOver = () => world.violations.length > 0;
  try {
    world.build();
    programs.startTarget();
    beginProtected(world);
    programs.startWatch();
    watchStatus(world, programs);
    watchOthers(world, schedule);
    for (const { at_ms, action } of schedule.actions)
      world.timeline.after(at_ms, () => faults.do(action), { wakes: true });
    await world.timeline.runUntil(schedule.end_ms, isOver);
    if (!isOver()) {
      faults.heal();
      await findWayOut(world, programs, isOver);
    }
  } finally {
    programs.end();
    enterWorld(undefined);
  }
  return { violations: world.violations, story: world.story.lines, steps: world.timeline.events };
}

/** Every host is mirrored, and its primary serves. */
function beginProtected(world: World): void {
  for (const [name, host] of world.hosts) {
    const primary = world.primary(name);
    const { mirrorUuid } = onlyVolume(host.configuration);
    const superblock = { uuid: mirrorUuid, events: 100, beingCopied: false, otherDropped: false };
    primary.local.superblock = { ...superblock };
    host.leg.superblock = { ...superblock };
    enter(name, 'enrolled', world.clock);
    enter(name, 'legs-in-sync', world.clock);
    primary.beginServing();
  }
}

import { readState } from '../../src/hosts/host-state.ts';
import type { Action, Schedule } from './schedule.ts';
import type { World } from './world/world.ts';

const EVERY_ms = 1000;
/** A write that takes longer was not only in a queue. */
const PATIENCE_ms = 8000;
/** What happens to the standby or to a link of all hosts touches every host. */
const TOUCHES_ALL: ReadonlySet<Action['do']> = new Set(['standby-off', 'kill-target', 'network', 'stall-watch']);

/** A host that nothing is done to stays protected, and its clients go on, whatever happens to the others. */
export function watchOthers(world: World, schedule: Schedule): void {
  const others = schedule.options.hosts.map(({ name }) => name).filter((name) => !isTouched(name, schedule));
  if (others.length === 0) return;
  const look = () => {
    if (world.timeline.now_ms >= schedule.end_ms) return;
    world.timeline.after(EVERY_ms, look);
    for (const name of others) {
      const disturbed = whatIsWrong(world, name);
      if (disturbed !== undefined) world.violate('others-go-on', name, `nothing was done to it, and ${disturbed}`);
    }
  };
  // The first reports come within seconds.
  world.timeline.after(PATIENCE_ms, look);
}

function isTouched(name: string, { actions }: Schedule): boolean {
  return actions.some(({ action }) => {
    if (TOUCHES_ALL.has(action.do)) return true;
    if (action.do === 'cut')
      return [action.from, action.to].includes(name) || isShared(action.from) === isShared(action.to);
    if (action.do === 'damage') return action.file.includes(name);
    return 'host' in action && action.host === name;
  });
}

/** A link between two of these is one of all hosts. */
function isShared(node: string): boolean {
  return ['standby', 'clients', 'gateway'].includes(node);
}

function whatIsWrong(world: World, name: string): string | undefined {
  const state = readState(name)?.state;
  if (state !== 'protected') return `its state is '${state}'`;
  const since_ms = world.clients.get(name)?.waitingSince_ms;
  const waits = since_ms !== undefined && world.timeline.now_ms - since_ms > PATIENCE_ms;
  return waits ? 'a write of its clients is not acknowledged' : undefined;
}

import type { HostStatus } from '../../src/status/host-status.ts';
import { SpareError } from '../../src/std/errors.ts';
import type { Programs } from './programs.ts';
import type { World } from './world/world.ts';

/** How long the watch may need by itself before a command is looked for. */
const BY_ITSELF_ms = 45_000;
const COMMANDS_LIMIT = 4;

/** After the repair: one command that status names leads to a protected host, or none is needed. */
export async function findWayOut(world: World, programs: Programs, isOver: () => boolean): Promise<void> {
  for (let round = 0; round <= COMMANDS_LIMIT && !isOver(); round += 1) {
    await untilProtected(world, programs, isOver);
    if (isOver()) return;
    const open = (await statusOf(world, programs)).filter((host) => !isProtected(host));
    if (open.length === 0) return;
    // A takeover may have switched one off.
    for (const primary of world.primaries.values()) primary.powerOn();
    for (const host of open) {
      if (round === COMMANDS_LIMIT) world.violate('way-out', host.host, `no way out of ${describe(host)}`);
      else await follow(world, programs, host);
    }
  }
}

function isProtected({ state, problems }: HostStatus): boolean {
  return state === 'protected' && problems.length === 0;
}

/** It is served by the standby, and goes home when somebody says so. */
function waitsForPerson({ state, problems, running }: HostStatus): boolean {
  const [problem, ...others] = problems;
  return (
    state === 'taken-over' &&
    others.length === 0 &&
    running === null &&
    problem?.command?.startsWith('spare failback') === true
  );
}

function describe({ state, problems }: HostStatus): string {
  return `${state}: ${problems.map(({ sentence, command }) => `${sentence} [${command ?? 'no command'}]`).join(' | ')}`;
}

async function untilProtected(world: World, programs: Programs, isOver: () => boolean): Promise<void> {
  const end_ms = world.timeline.now_ms + BY_ITSELF_ms;
  while (world.timeline.now_ms < end_ms && !isOver()) {
    await world.timeline.runUntil(world.timeline.now_ms + 3000, isOver);
    if (isOver()) return;
    if ((await statusOf(world, programs)).every((host) => isProtected(host) || waitsForPerson(host))) return;
  }
}

/** A status that fails names a command, too: it is run, and status is asked again. */
async function statusOf(world: World, programs: Programs): Promise<HostStatus[]> {
  for (let tries = 0; ; tries += 1) {
    try {
      return (await within(world, programs.status())).hosts;
    } catch (error) {
      const line = error instanceof SpareError ? moveOf(error.hint) : undefined;
      if (line === undefined || tries > world.hosts.size) throw error;
      moveAside(world, line);
    }
  }
}

function moveOf(sentence: string): string | undefined {
  return /\bmv \S+ [^\s,;]*[^\s,;.]/.exec(sentence)?.[0];
}

/** Runs what status names. */
async function follow(world: World, programs: Programs, host: HostStatus): Promise<void> {
  for (const { sentence, command = '' } of host.problems) {
    const named = [command, moveOf(sentence) ?? ''].find((line) => /^(spare (failover|failback)|mv) /.test(line));
    if (named === undefined) continue;
    if (named.startsWith('mv ')) return moveAside(world, named);
    const [, name = '', flags] = named.split(' ', 2).concat(named.split(' ').slice(2).join(' '));
    const confirmedOff = flags?.includes('--confirmed-off') === true && !world.primary(host.host).isOn;
    await within(world, programs.command({ do: name as 'failover' | 'failback', host: host.host, confirmedOff }));
    return;
  }
}

function moveAside(world: World, line: string): void {
  const [, from = ''] = line.split(' ');
  world.story.tell(`an administrator runs: ${line}`);
  if (world.disk.exists(from)) world.disk.put(from, undefined);
}

/** Lets time pass until the promise is settled. */
async function within<Result>(world: World, promise: Promise<Result>): Promise<Result> {
  let isSettled = false;
  const settled = promise.finally(() => {
    isSettled = true;
  });
  settled.catch(() => {});
  const end_ms = world.timeline.now_ms + 600_000;
  while (!isSettled && world.timeline.now_ms < end_ms)
    await world.timeline.runUntil(world.timeline.now_ms + 1000, () => isSettled);
  if (!isSettled) throw new Error('A command did not end within 600 s');
  return settled;
}

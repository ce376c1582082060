import { Random } from '../fixtures/iscsi/random.ts';
import type { FenceMode } from './world/fence-device.ts';
import type { WorldOptions } from './world/world-options.ts';

/** What somebody or something does to the world, at a time. Plain data: a schedule can be shown, stored and cut. */
export type Action =
  | { do: 'power-off' | 'power-on' | 'freeze' | 'thaw' | 'fail-leg' | 'error-write' | 'log-out'; host: string }
  | { do: 'cut' | 'mend'; from: string; to: string }
  | { do: 'reset'; host: string }
  | { do: 'fence'; host: string; mode: FenceMode }
  | { do: 'idle' | 'busy'; host: string }
  | { do: 'standby-off' | 'standby-on' | 'kill-watch' | 'kill-target' }
  | { do: 'stall-watch'; for_ms: number }
  | { do: 'set-clock'; by_ms: number }
  | { do: 'fill' | 'free'; disk: string }
  | { do: 'damage'; file: string; how: 'cut' | 'garbage' | 'null' | 'gone' }
  | { do: 'network'; loss_percent: number; slowest_ms: number }
  | {
      do: 'failover' | 'failback';
      host: string;
      /** Flags of the command. */
      confirmedOff?: boolean;
      allowDataLoss?: boolean;
      /** It is killed at so many-th thing that it asks of the world. */
      killAt?: number;
      killAfterEffect?: boolean;
    };

export interface TimedAction {
  at_ms: number;
  action: Action;
}

export interface Schedule {
  options: WorldOptions;
  actions: TimedAction[];
  end_ms: number;
}

const NAMES = ['alpha', 'beta', 'gamma'];

/** The schedule of a seed. */
export function scheduleOf(seed: number): Schedule {
  const random = new Random(seed);
  const hosts = NAMES.slice(0, random.pick([1, 1, 1, 2, 2, 3])).map((name) => ({
    name,
    policy: random.oneIn(2) ? ('auto' as const) : ('manual' as const),
    hasFence: true,
    replacementTimeout_s: 10 + random.below(6),
  }));
  for (const host of hosts) if (host.policy === 'manual' && random.oneIn(3)) host.hasFence = false;
  const options = { seed, hosts, copy_ms: 50 + random.below(600), pause_ms: 20 + random.below(200) };
  const actions: TimedAction[] = [];
  const span_ms = 8000 + random.below(20_000);
  const count = 1 + random.below(5);
  for (let index = 0; index < count; index += 1) {
    // The first host meets most of it: a host that nothing is done to must not notice.
    const host = random.oneIn(4) ? random.pick(hosts) : hosts[0];
    const at_ms = 3000 + random.below(span_ms);
    actions.push(...happening(random, host?.name ?? 'alpha', at_ms));
  }
  actions.sort((a, b) => a.at_ms - b.at_ms);
  // What would be repaired later is repaired at the end, with everything else.
  const end_ms = span_ms + 3000 + random.below(20_000);
  return { options, actions: actions.filter(({ at_ms }) => at_ms < end_ms), end_ms };
}

type Make = (random: Random, host: string, at_ms: number) => TimedAction[];

const at = (at_ms: number, action: Action): TimedAction => ({ at_ms, action });

/** What may happen, and how often beside the others. */
const HAPPENINGS: readonly { weight: number; make: Make }[] = [
  { weight: 6, make: death },
  { weight: 3, make: frozen },
  { weight: 4, make: cutOff },
  { weight: 2, make: (_random, host, at_ms) => [at(at_ms, { do: 'reset', host })] },
  { weight: 3, make: takeover },
  { weight: 3, make: roundTrip },
  { weight: 2, make: standbyOutage },
  { weight: 2, make: (random, _host, at_ms) => [at(at_ms, { do: random.oneIn(2) ? 'kill-watch' : 'kill-target' })] },
  { weight: 1, make: (random, _host, at_ms) => [at(at_ms, { do: 'stall-watch', for_ms: 1000 + random.below(8000) })] },
  { weight: 2, make: clockStep },
  { weight: 2, make: fullDisk },
  { weight: 2, make: damagedFile },
  { weight: 2, make: badFence },
  { weight: 1, make: (_random, host, at_ms) => [at(at_ms, { do: 'fail-leg', host })] },
  { weight: 1, make: (_random, host, at_ms) => [at(at_ms, { do: 'error-write', host })] },
  { weight: 1, make: (_random, host, at_ms) => [at(at_ms, { do: 'log-out', host })] },
  { weight: 2, make: idleFor },
  { weight: 1, make: badNetwork },
];
const WEIGHTS = HAPPENINGS.reduce((sum, { weight }) => sum + weight, 0);

function happening(random: Random, host: string, at_ms: number): TimedAction[] {
  let left = random.below(WEIGHTS);
  const chosen = HAPPENINGS.find(({ weight }) => {
    left -= weight;
    return left < 0;
  });
  return chosen?.make(random, host, at_ms) ?? [];
}

function killed(random: Random): { killAt?: number; killAfterEffect?: boolean } {
  return random.oneIn(2) ? { killAt: 1 + random.below(60), killAfterEffect: random.oneIn(2) } : {};
}

function death(random: Random, host: string, at_ms: number): TimedAction[] {
  const back_ms = at_ms + 2000 + random.below(40_000);
  const dies = at(at_ms, { do: 'power-off', host });
  return random.oneIn(2) ? [dies] : [dies, at(back_ms, { do: 'power-on', host })];
}

function frozen(random: Random, host: string, at_ms: number): TimedAction[] {
  return [at(at_ms, { do: 'freeze', host }), at(at_ms + 2000 + random.below(60_000), { do: 'thaw', host })];
}

function cutOff(random: Random, host: string, at_ms: number): TimedAction[] {
  const [one, other] = random.pick([
    [host, 'standby'],
    [host, 'standby'],
    [host, 'standby'],
    [host, 'clients'],
    ['standby', 'gateway'],
    ['standby', 'clients'],
  ]) as [string, string];
  const until_ms = at_ms + 1000 + random.below(40_000);
  const directions: [string, string][] = random.pick([
    [
      [one, other],
      [other, one],
    ],
    [
      [one, other],
      [other, one],
    ],
    [[one, other]],
    [[other, one]],
  ] as [string, string][][]);
  return directions.flatMap(([from, to]) => [
    at(at_ms, { do: 'cut', from, to }),
    at(until_ms, { do: 'mend', from, to }),
  ]);
}

/** A host dies, and an administrator, or nobody, runs the command. */
function takeover(random: Random, host: string, at_ms: number): TimedAction[] {
  const asked_ms = at_ms + 500 + random.below(20_000);
  const command: Action = {
    do: 'failover',
    host,
    confirmedOff: random.oneIn(3),
    allowDataLoss: random.oneIn(12),
    ...killed(random),
  };
  const again: TimedAction[] = random.oneIn(2)
    ? [at(asked_ms + 3000 + random.below(10_000), { ...command, ...killed(random) })]
    : [];
  const dies: TimedAction[] = random.oneIn(6) ? [] : [at(at_ms, { do: 'power-off', host })];
  return [...dies, at(asked_ms, command), ...again];
}

function roundTrip(random: Random, host: string, at_ms: number): TimedAction[] {
  const failover_ms = at_ms + 1000 + random.below(5000);
  const on_ms = failover_ms + 6000 + random.below(6000);
  const home_ms = on_ms + 4000 + random.below(6000);
  const home: Action = { do: 'failback', host, ...killed(random) };
  const again: TimedAction[] = random.oneIn(2)
    ? [at(home_ms + 3000 + random.below(15_000), { do: 'failback', host, ...killed(random) })]
    : [];
  return [
    at(at_ms, { do: 'power-off', host }),
    at(failover_ms, { do: 'failover', host }),
    at(on_ms, { do: 'power-on', host }),
    at(home_ms, home),
    ...again,
  ];
}

function standbyOutage(random: Random, _host: string, at_ms: number): TimedAction[] {
  return [at(at_ms, { do: 'standby-off' }), at(at_ms + 1000 + random.below(30_000), { do: 'standby-on' })];
}

function clockStep(random: Random, _host: string, at_ms: number): TimedAction[] {
  return [at(at_ms, { do: 'set-clock', by_ms: random.pick([-3_600_000, 3_600_000, -10_000, 10_000, -60_000]) })];
}

function fullDisk(random: Random, _host: string, at_ms: number): TimedAction[] {
  const disk = random.pick(['/run', '/var/lib/spare', '/var/lib/spare/pool']);
  return [at(at_ms, { do: 'fill', disk }), at(at_ms + 1000 + random.below(30_000), { do: 'free', disk })];
}

function damagedFile(random: Random, host: string, at_ms: number): TimedAction[] {
  const file = random.pick([
    `/var/lib/spare/hosts/${host}.json`,
    `/var/lib/spare/evidence/${host}.json`,
    `/var/lib/spare/takeovers/${host}.json`,
    `/var/lib/spare/pool/${host}/ownership`,
  ]);
  return [at(at_ms, { do: 'damage', file, how: random.pick(['cut', 'garbage', 'null', 'gone']) })];
}

function badFence(random: Random, host: string, at_ms: number): TimedAction[] {
  const mode = random.pick(['fails', 'hangs', 'lies'] as const);
  return [
    at(at_ms, { do: 'fence', host, mode }),
    at(at_ms + 5000 + random.below(40_000), { do: 'fence', host, mode: 'works' }),
  ];
}

function idleFor(random: Random, host: string, at_ms: number): TimedAction[] {
  return [at(at_ms, { do: 'idle', host }), at(at_ms + 5000 + random.below(40_000), { do: 'busy', host })];
}

function badNetwork(random: Random, _host: string, at_ms: number): TimedAction[] {
  const bad: Action = { do: 'network', loss_percent: random.below(40), slowest_ms: 10 + random.below(400) };
  return [at(at_ms, bad), at(at_ms + 5000 + random.below(30_000), { do: 'network', loss_percent: 0, slowest_ms: 10 })];
}

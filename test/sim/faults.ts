import type { Programs } from './programs.ts';
import type { Action } from './schedule.ts';
import type { World } from './world/world.ts';

/** Does to the world what a schedule says. */
export class Faults {
  readonly #world: World;
  readonly #programs: Programs;

  constructor(world: World, programs: Programs) {
    this.#world = world;
    this.#programs = programs;
  }

  do(action: Action): void {
    const { story } = this.#world;
    if (action.do !== 'failover' && action.do !== 'failback') story.tell(sentenceOf(action));
    this.#toPrimary(action);
    this.#toStandby(action);
    this.#toNetwork(action);
  }

  /** Everything works again: machines, links, disks, fence devices. */
  heal(): void {
    const world = this.#world;
    world.story.tell('everything is repaired: machines, links, disks, fence devices');
    world.network.mendAll();
    world.disk.full.clear();
    for (const host of world.hosts.values()) {
      host.fence = 'works';
      host.unit.failsNextWrite = false;
    }
    for (const client of world.clients.values()) client.isIdle = false;
    this.#standbyOn();
    for (const primary of world.primaries.values()) {
      if (primary.isFrozen) primary.clock.thaw();
      primary.powerOn();
    }
  }

  #toPrimary(action: Action): void {
    if (!('host' in action)) return;
    const world = this.#world;
    const primary = world.primary(action.host);
    const host = world.host(action.host);
    if (action.do === 'power-off') primary.powerOff();
    if (action.do === 'power-on') primary.powerOn();
    if (action.do === 'freeze') primary.clock.isFrozen = primary.isOn;
    if (action.do === 'thaw') primary.clock.thaw();
    if (action.do === 'fail-leg' && primary.runs) {
      host.unannouncedIn = host.epoch;
      primary.parts.array?.drop('standby');
    }
    if (action.do === 'error-write') host.unit.failsNextWrite = true;
    if (action.do === 'log-out' && primary.runs) {
      // Nobody can tell the target, and its writes end at once.
      if (!primary.initiator.path.isReachable()) host.unannouncedIn = host.epoch;
      primary.initiator.logout();
    }
    if (action.do === 'reset') host.unit.reset();
    if (action.do === 'fence') host.fence = action.mode;
    const client = world.clients.get(action.host);
    if (client && (action.do === 'idle' || action.do === 'busy')) client.isIdle = action.do === 'idle';
    if (action.do === 'failover' || action.do === 'failback') this.#command(action);
  }

  #command(action: Extract<Action, { do: 'failover' | 'failback' }>): void {
    const world = this.#world;
    if (!world.standbyIsOn) return;
    // An administrator says only what is so.
    const confirmedOff = action.do === 'failover' && action.confirmedOff === true && !world.primary(action.host).isOn;
    world.timeline.after(0, () => void this.#programs.command({ ...action, confirmedOff }), { wakes: true });
  }

  #toStandby(action: Action): void {
    const { disk, clock } = this.#world;
    if (action.do === 'standby-off') this.#standbyOff();
    if (action.do === 'standby-on') this.#standbyOn();
    if (action.do === 'kill-watch') this.#programs.killWatch();
    if (action.do === 'kill-target') this.#programs.killTarget();
    if (action.do === 'stall-watch') this.#programs.stallWatch(action.for_ms);
    if (action.do === 'set-clock') clock.wallStep_ms += action.by_ms;
    if (action.do === 'fill') disk.full.add(action.disk);
    if (action.do === 'free') disk.full.delete(action.disk);
    if (action.do === 'damage' && disk.exists(action.file)) {
      const bytes = disk.read(action.file);
      const content = {
        cut: bytes.subarray(0, bytes.length >> 1),
        garbage: Buffer.from('#'.repeat(bytes.length)),
        null: Buffer.from('null\n'),
        gone: undefined,
      };
      disk.put(action.file, content[action.how]);
    }
  }

  #toNetwork(action: Action): void {
    const { network } = this.#world;
    if (action.do === 'cut') network.cut(action.from, action.to);
    if (action.do === 'mend') network.mend(action.from, action.to);
    if (action.do === 'network')
      Object.assign(network, { loss_percent: action.loss_percent, slowest_ms: action.slowest_ms });
  }

  #standbyOff(): void {
    const world = this.#world;
    if (!world.standbyIsOn) return;
    world.standbyIsOn = false;
    this.#programs.losePower();
    world.disk.losePower(world.random);
    for (const { unit } of world.hosts.values()) unit.losePower(() => world.random.oneIn(2));
    world.standby.losePower();
  }

  #standbyOn(): void {
    const world = this.#world;
    if (world.standbyIsOn) return;
    world.standbyIsOn = true;
    world.clock.boot();
    world.disk.makeFolder('/run/spare/locks');
    world.timeline.after(2000, () => this.#programs.startTarget());
    world.timeline.after(3000, () => this.#programs.startWatch(), { wakes: true });
  }
}

/** For people. */
export function sentenceOf(action: Action): string {
  const { do: what, ...about } = action;
  const SENTENCES: Partial<Record<Action['do'], (about: Record<string, unknown>) => string>> = {
    'power-off': ({ host }) => `${host} loses power`,
    'power-on': ({ host }) => `${host} is switched on`,
    freeze: ({ host }) => `${host} freezes`,
    thaw: ({ host }) => `${host} wakes up`,
    'fail-leg': ({ host }) => `somebody runs mdadm --fail on the standby leg of ${host}`,
    'error-write': ({ host }) => `the standby's disk fails the next write of ${host}`,
    'log-out': ({ host }) => `somebody logs ${host} out of its target`,
    reset: ({ host }) => `the connection of ${host} to its target is reset`,
    cut: ({ from, to }) => `the link from ${from} to ${to} is cut`,
    mend: ({ from, to }) => `the link from ${from} to ${to} is mended`,
    fence: ({ host, mode }) => `the fence device of ${host} ${mode}`,
    idle: ({ host }) => `the clients of ${host} are idle`,
    busy: ({ host }) => `the clients of ${host} write again`,
    'standby-off': () => 'the standby loses power',
    'standby-on': () => 'the standby is switched on',
    'kill-watch': () => 'the watch is killed',
    'kill-target': () => "the target's daemon is killed",
    'stall-watch': ({ for_ms }) => `the watch is not run for ${Number(for_ms) / 1000} s`,
    'set-clock': ({ by_ms }) => `the standby's clock is set by ${Number(by_ms) / 1000} s`,
    fill: ({ disk }) => `the disk at ${disk} is full`,
    free: ({ disk }) => `the disk at ${disk} has space again`,
    damage: ({ file, how }) => `the file ${file} is damaged (${how})`,
    network: ({ loss_percent, slowest_ms }) =>
      `the network loses ${loss_percent} % of packets, and is up to ${slowest_ms} ms slow`,
  };
  return SENTENCES[what]?.(about) ?? what;
}

import type { HostConfiguration, VolumeConfiguration } from '../../../src/config/schema.ts';
import { onlyVolume } from '../../../src/config/volumes.ts';
import type { CommandResult } from '../edge/edge-world.ts';
import { type ArrayOptions, type LegPath, MirrorArray } from './array.ts';
import { Guard } from './guard.ts';
import { Initiator, type TargetPort } from './initiator.ts';
import { Leg, type Side } from './leg.ts';
import { HostParts } from './machine.ts';
import { MachineClock } from './machine-clock.ts';
import { primaryCommand, stateText } from './primary-commands.ts';
import { OUT_OF_REACH_s, type PrimaryMachine } from './primary-machine.ts';
import type { Timeline } from './timeline.ts';

export interface PrimaryOptions {
  timeline: Timeline;
  configuration: HostConfiguration;
  port: TargetPort;
  copy_ms: number;
  /** An array that is served has this leg from now on. */
  onInSync: (leg: Leg) => void;
  onChange: (what: string) => void;
  pause_ms: (limit_ms: number) => number;
}

const TICK_ms = 500;
const POLL_ms = 200;
const FILL = '/etc/spare/fill';

/** A file server: its disk, its kernel's array and session, its guard, its report program. */
export class Primary implements PrimaryMachine {
  readonly name: string;
  readonly volume: VolumeConfiguration;
  readonly uuid: string;
  readonly clock: MachineClock;
  readonly local = new Leg('local');
  readonly parts = new HostParts();
  readonly initiator: Initiator;
  readonly files = new Map<string, string>();
  readonly guard: Guard;
  isOn = false;
  /** What the watch told last about the volume. */
  told: { epoch: number; owner: string; lease_s: number } | undefined;
  readonly #options: PrimaryOptions;

  constructor(options: PrimaryOptions) {
    const { configuration, timeline, port } = options;
    this.#options = options;
    this.name = configuration.name;
    this.volume = onlyVolume(configuration);
    this.uuid = this.volume.mirrorUuid;
    this.clock = new MachineClock(timeline);
    this.initiator = new Initiator(port, configuration.replacementTimeout_s, (delay_ms, action) =>
      this.clock.after(delay_ms, action),
    );
    this.guard = new Guard(this);
    this.files.set(`/etc/spare/services/${this.name}.conf`, `SPARE_MIRROR_UUID=${this.uuid}\n`);
  }

  get isFrozen(): boolean {
    return this.clock.isFrozen;
  }

  get runs(): boolean {
    return this.isOn && !this.isFrozen;
  }

  get now_ms(): number {
    return this.#options.timeline.now_ms;
  }

  get lease_s(): number {
    return this.#options.configuration.replacementTimeout_s;
  }

  powerOn(): void {
    if (this.isOn) return;
    this.isOn = true;
    this.#options.onChange(`${this.name} starts`);
    this.clock.every(TICK_ms, () => this.initiator.tick(TICK_ms));
    this.clock.after(2000, () => this.guard.start());
  }

  /** The world begins with a host that has served for long. */
  beginServing(): void {
    this.isOn = true;
    this.clock.every(TICK_ms, () => this.initiator.tick(TICK_ms));
    this.initiator.login(() => {
      this.assemble(['local', 'standby']);
      this.parts.serviceVerb('up', this.now_ms);
    });
    this.guard.start();
    this.guard.beginServing();
  }

  powerOff(): void {
    if (!this.isOn) return;
    this.isOn = false;
    this.clock.end();
    this.parts.losePower();
    this.initiator.losePower();
    this.told = undefined;
    for (const path of this.files.keys()) if (path.startsWith('/run/')) this.files.delete(path);
  }

  say(what: string): void {
    this.#options.onChange(`${this.name}: ${what}`);
  }

  sideOf(path: string): Side {
    return path.startsWith('/dev/disk/by-path/') ? 'standby' : 'local';
  }

  legOf(side: Side): Leg {
    return side === 'local' ? this.local : this.initiator.port.leg;
  }

  pathOf(side: Side): LegPath {
    return side === 'standby' ? this.initiator.path : localPath(this.local);
  }

  assemble(sides: readonly Side[]): boolean {
    if (this.parts.array) return false;
    if (sides.includes('standby') && !this.initiator.path.isReachable()) return false;
    const array = new MirrorArray(this.#arrayOptions(), false);
    this.parts.array = array;
    if (array.assemble(sides.map((side) => this.pathOf(side)))) {
      this.say(
        `the array runs from ${array
          .inSyncLegs()
          .map(({ side }) => side)
          .join(' and ')}`,
      );
      return true;
    }
    this.parts.array = undefined;
    return false;
  }

  /** Runs a command over ssh; `undefined` never comes: what waits is asked again until the time is up. */
  exec(
    argv: readonly string[],
    input: string,
    timeout_ms: number,
    done: (result: CommandResult | undefined) => void,
  ): void {
    const started_ms = this.now_ms;
    const answer = (result: CommandResult) => {
      if (argv[0] !== 'cat' && !argv.includes('mirror-status')) this.say(shown(argv));
      this.clock.after(this.#options.pause_ms(60), () => done(result));
    };
    const attempt = () => {
      const result = primaryCommand(this, argv, input);
      if (result instanceof Promise) {
        this.#options.timeline.promised();
        void result.then(answer);
      } else if (result) answer(result);
      else if (this.now_ms - started_ms > Math.min(timeout_ms, 20_000)) done(undefined);
      else this.clock.after(POLL_ms, attempt);
    };
    this.clock.after(this.#options.pause_ms(60), attempt);
  }

  /** The answer of the report program, templates/primary/report, to `NUMBER;VOLUME EPOCH OWNER LEASE_S;…`. */
  report(question: string): string {
    const { array } = this.parts;
    const [number, ...volumes] = question.split(';');
    for (const told of volumes) {
      const [volume, epoch, owner = '', lease] = told.split(' ');
      if (volume === this.volume.name) this.#listen({ epoch: Number(epoch), owner, lease_s: Number(lease) });
    }
    const state = (side: Side) => {
      const member = array?.members.get(side);
      return member ? stateText(side, member.state) : 'missing';
    };
    const isUp = this.initiator.state === 'LOGGED_IN';
    this.#forgetFill(state('local'));
    return JSON.stringify({
      question: Number(number),
      volume: this.volume.name,
      ...(this.told && { epoch: this.told.epoch }),
      ...(isUp && { recoveryTimeout_s: this.initiator.recoveryTimeout_s }),
      arrayState: array ? (array.readonly ? 'readonly' : 'clean') : 'missing',
      standbyLegState: state('standby'),
      localLegState: state('local'),
      syncAction: array?.syncAction ?? 'idle',
      ...(array && array.syncAction !== 'idle' && { syncFraction: array.syncDone / Math.max(1, array.syncTotal) }),
      sessionLoggedIn: isUp,
      passive: this.files.has('/etc/spare/passive'),
    });
  }

  #listen(told: { epoch: number; owner: string; lease_s: number }): void {
    this.told = told;
    if (this.initiator.state !== 'LOGGED_IN') return;
    if (told.owner === 'fill') this.initiator.recoveryTimeout_s = OUT_OF_REACH_s;
    if (this.#isHome()) this.initiator.recoveryTimeout_s = Math.max(told.lease_s, this.initiator.recordTimeout_s);
  }

  /** Told so, and not before the failback. */
  #isHome(): boolean {
    const { owner, epoch = 0 } = this.told ?? {};
    const [, markedEpoch = '0'] = this.files.get(FILL)?.split(' ') ?? [];
    return (owner === 'pair' || owner === 'primary') && epoch > Number(markedEpoch);
  }

  /** The local leg is complete: by the record, and by the array that runs. */
  #forgetFill(localState: string): void {
    if (this.#isHome() && localState === 'in_sync') this.files.delete(FILL);
  }

  #arrayOptions(): ArrayOptions {
    const { timeline, copy_ms, onInSync } = this.#options;
    return {
      timeline,
      copy_ms,
      isRunning: () => this.runs,
      onInSync,
      onDropped: ({ side }) => this.say(`the array drops the ${side} leg`),
      onBroken: () => this.say('the last leg of the array fails: clients get errors'),
    };
  }
}

function shown(argv: readonly string[]): string {
  const isProgram = argv[0] === 'sh';
  return (isProgram ? argv.slice(3) : argv.map((word) => word.replace(/^.*\/(?=service$)/, ''))).join(' ').slice(0, 90);
}

/** The disk in the machine itself. */
export function localPath(leg: Leg, name = 'vdb'): LegPath {
  return {
    leg,
    name,
    write(block, version, done) {
      leg.content[block] = version;
      done(true);
    },
    isReachable: () => true,
  };
}

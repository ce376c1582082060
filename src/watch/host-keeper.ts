import type { HostConfiguration } from '../config/schema.ts';
import type { HostRecord, PrimaryReport, VolumeEvidence } from '../hosts/host-record.ts';
import { isPaused } from '../hosts/pause.ts';
import {
  type HostEvent,
  type StateOrNone,
  type Transition,
  transitionEvent,
  transitionOf,
} from '../hosts/state-table.ts';
import { mirrorCondition } from '../mirror/condition.ts';
import { type LostWrites, type MirrorFacts, worstVolume } from '../mirror/worst-volume.ts';
import type { Owner } from '../ownership/record.ts';
import { bootTimeOf_ms } from '../std/boot-moment.ts';
import { type EventFacts, eventOf } from '../std/event.ts';
import type { EventLevel, EventName } from '../std/event-table.ts';
import { Attempt } from './attempt.ts';
import { withReport } from './evidence-record.ts';
import type { HostMonitor } from './host-monitor.ts';
import { chooseAction, type KeeperAction, type Situation } from './keeper-table.ts';
import { observedEvent } from './observe.ts';
import { OwnershipObserver, type OwnershipWorld } from './ownership-observer.ts';
import type { Samples } from './probe-paths.ts';
import type { Verdict } from './verdict.ts';
import type { HostSnapshot, WatchFailure } from './watch-file.ts';

/** What a keeper uses outside itself: records, operations, the fence command. */
export interface KeeperWorld extends OwnershipWorld {
  record(host: string, volume: string): HostRecord | undefined;
  /** An operation holds the host's lock. */
  isBusy(host: string): boolean;
  /** Waits for the disk only if `durable`. */
  updateEvidence(
    host: string,
    volume: string,
    change: (evidence: VolumeEvidence) => VolumeEvidence,
    options: { durable: boolean },
  ): void;
  /**
   * Records an event under the host's lock, unless the host has left `from`. Fails if an operation holds the lock.
   * @returns The change, to be logged.
   */
  enter(host: string, from: StateOrNone, event: HostEvent): Promise<Transition | undefined>;
  fenceStatus(command: string, host: string): Promise<'on' | 'off' | undefined>;
  failover(host: string): Promise<void>;
  /** Rolls back a failover that did not finish. */
  abort(host: string): Promise<void>;
  /** Resumes a failback that did not finish. */
  failback(host: string): Promise<void>;
  /** Restarts the service of a host that is taken over, on the standby. */
  restore(host: string): Promise<void>;
  /** Re-adds a dropped standby leg on the primary. */
  remirror(host: string): Promise<void>;
  lostWrites(host: string, volume: string): LostWrites;
  /** Marks lost writes for resync on the primary: until then the LUN is not served. */
  resyncLostWrites(host: string): Promise<void>;
}

/** What is known of one volume in this second. */
interface VolumeFacts extends MirrorFacts {
  volume: string;
  /** `undefined` if the host has no state. */
  record: HostRecord | undefined;
  /** The ownership record says `pair`, and the report proves it. */
  isProven: boolean;
}

/** What of the world does an action. */
const WORK = {
  failover: 'failover',
  abort: 'abort',
  failback: 'failback',
  restore: 'restore',
  remirror: 'remirror',
  'resync-lost-writes': 'resyncLostWrites',
} as const satisfies Record<KeeperAction, keyof KeeperWorld>;

/** The wait after an operation, until the probes see its effect. */
const SETTLE_ms = 10_000;
const FENCE_STATUS_INTERVAL_ms = 2000;

/** The watch's work for one host: records observations, and acts on them if the policy allows. Nothing here waits. */
export class HostKeeper {
  readonly #host: HostConfiguration;
  readonly #monitor: HostMonitor;
  readonly #world: KeeperWorld;
  readonly #transition: Attempt;
  readonly #operation: Attempt;
  /** By volume. */
  readonly #ownership: ReadonlyMap<string, OwnershipObserver>;
  #verdict: Verdict = 'unknown';
  /** By volume. */
  readonly #recordedReports = new Map<string, PrimaryReport>();
  #fenceAskedAt_ms = Number.NEGATIVE_INFINITY;
  #fenceAsking = false;
  #isEvidenceUnwritten = false;
  /** By volume: what goes on while a file cannot be read. */
  readonly #remembered = new Map<string, HostRecord | undefined>();
  #unread: string | undefined;
  #fenceFailure: WatchFailure | undefined;

  constructor(host: HostConfiguration, monitor: HostMonitor, world: KeeperWorld) {
    this.#host = host;
    this.#monitor = monitor;
    this.#world = world;
    this.#transition = new Attempt(world.clock, { longestPause_ms: 4000, settle_ms: 0 });
    this.#operation = new Attempt(world.clock, { longestPause_ms: 300_000, settle_ms: SETTLE_ms });
    this.#ownership = new Map(host.volumes.map(({ name }) => [name, new OwnershipObserver(host, name, world)]));
  }

  /** Waits for background actions. */
  async settled(): Promise<void> {
    const ownership = [...this.#ownership.values()].map((observer) => observer.settled());
    await Promise.all([this.#transition.settled(), this.#operation.settled(), ...ownership]);
  }

  /** Called once a second, with the observations. */
  tick(samples: Samples): void {
    this.#verdict = this.#monitor.count(samples);
    const volumes = this.#host.volumes.map(({ name }) => this.#look(name));
    // The state of the host follows the volume in the worst condition.
    const { record, report, lostWrites } = worstVolume(volumes);
    if (!record) {
      this.#beginAgain();
      return;
    }
    for (const volume of volumes) this.#keepEvidence(volume);
    this.#askWhetherOff();
    const isProven = volumes.every((volume) => volume.isProven);
    const event = observedEvent({ state: record.state, verdict: this.#verdict, report, lostWrites, isProven });
    if (event) this.#observe(record.state, event);
    this.#act(record, { report, lostWrites });
  }

  /** Its state file was damaged and moved aside, or it still is damaged: then nothing is recorded until it can be read. */
  #beginAgain(): void {
    const owner = this.#owner();
    if (this.#unread !== undefined || owner === undefined) return;
    // A host that has a record was enrolled already. The others go on from here by the keeper table.
    this.#observe(null, owner === 'primary' || owner === 'pair' ? 'leg-lost' : 'enrolled');
  }

  #look(volume: string): VolumeFacts {
    const { name } = this.#host;
    const report = this.#monitor.freshReport(volume, this.#world.clock.bootTime_ms());
    // First: what a report proves does not depend on the host's files.
    const isProven = this.#ownership.get(volume)?.look(report) === true;
    return {
      volume,
      report,
      isProven,
      record: this.#record(volume),
      lostWrites: this.#world.lostWrites(name, volume),
    };
  }

  /** While it cannot be read: what was read last. */
  #record(volume: string): HostRecord | undefined {
    try {
      const record = this.#world.record(this.#host.name, volume);
      this.#remembered.set(volume, record);
      this.#unread = undefined;
      return record;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message !== this.#unread) this.#log('record-unread', { message });
      this.#unread = message;
      return this.#remembered.get(volume);
    }
  }

  snapshot(): HostSnapshot {
    const { running } = this.#operation;
    // The lease has run out since, and the next attempt is refused for that: but the host may be alive.
    const failure = this.#operation.failure && (this.#fenceFailure ?? this.#operation.failure);
    return {
      verdict: this.#verdict,
      paths: this.#monitor.snapshot(),
      ...(running !== undefined && { running }),
      ...(failure !== undefined && { failure }),
    };
  }

  #keepEvidence({ volume, record, report, lostWrites, isProven }: VolumeFacts): void {
    if (!record) return;
    if (report === undefined || report === this.#recordedReports.get(volume)) return;
    const change = (evidence: VolumeEvidence) => withReport(evidence, report, record.state, { lostWrites, isProven });
    const before = record.lastReport && mirrorCondition(record.lastReport);
    const durable = mirrorCondition(report) !== before;
    if (this.#writeEvidence(volume, change, durable)) this.#recordedReports.set(volume, report);
  }

  #askWhetherOff(): void {
    const { fenceCommand } = this.#host;
    const isSilent = this.#verdict === 'suspect' || this.#verdict === 'dead';
    const isOpen = [...this.#ownership.values()].some((observer) => observer.isOffOpen);
    if (isSilent && fenceCommand !== undefined && isOpen) void this.#askFence(fenceCommand);
  }

  /** A full disk must not keep the watch from acting. It is told once: this is tried every second. Returns whether it was written. */
  #writeEvidence(volume: string, change: (evidence: VolumeEvidence) => VolumeEvidence, durable: boolean): boolean {
    try {
      this.#world.updateEvidence(this.#host.name, volume, change, { durable });
      this.#isEvidenceUnwritten = false;
    } catch (error) {
      if (!this.#isEvidenceUnwritten) this.#log('evidence-unwritten', { facts: { error: String(error) } });
      this.#isEvidenceUnwritten = true;
    }
    return !this.#isEvidenceUnwritten;
  }

  /** The lease is running while the host is unreachable: the earlier the power is confirmed off, the better. */
  async #askFence(command: string): Promise<void> {
    const now = this.#world.clock.bootTime_ms();
    if (this.#fenceAsking || now - this.#fenceAskedAt_ms < FENCE_STATUS_INTERVAL_ms) return;
    this.#fenceAsking = true;
    this.#fenceAskedAt_ms = now;
    const { name } = this.#host;
    try {
      if ((await this.#world.fenceStatus(command, name)) !== 'off' || this.#verdict === 'alive') return;
      for (const observer of this.#ownership.values()) observer.recordOff();
      this.#log('proven-off');
    } catch {
      // No answer is no evidence. The failover asks again and reports the failure.
    } finally {
      this.#fenceAsking = false;
    }
  }

  #observe(state: StateOrNone, event: HostEvent): void {
    // An operation of this process holds the host's lock and records its own events.
    if (!transitionOf(state, event) || this.#operation.running !== undefined) return;
    this.#transition.start(
      event,
      async () => {
        const entered = await this.#world.enter(this.#host.name, state, event);
        if (entered) this.#world.log(transitionEvent(this.#host.name, entered));
      },
      ({ code, message }) => {
        // Another process's operation is running, and the observation is its effect.
        if (code !== 'HOST_BUSY') this.#log('state-failed', { message });
      },
    );
  }

  #act(record: HostRecord, mirror: MirrorFacts): void {
    // The state is about to change: wait for the next second.
    if (this.#transition.running !== undefined) return;
    this.#forgetHealed(record);
    const row = chooseAction(this.#situation(record, mirror));
    if (!row) return;
    const { action, message } = row;
    if (action === 'rest') this.#operation.reset();
    else this.#run(action, message);
  }

  /** The host answers, so the failover that failed is no longer called for. */
  #forgetHealed({ state }: HostRecord): void {
    const isHealed = this.#verdict === 'alive' && state !== 'failing-over' && state !== 'failing-back';
    if (!isHealed) return;
    this.#fenceFailure = undefined;
    if (this.#operation.failure?.action === 'failover') this.#operation.reset();
  }

  #situation(record: HostRecord, mirror: MirrorFacts): Situation {
    const { name, policy } = this.#host;
    const { clock } = this.#world;
    const { state, since, entered } = record;
    return {
      state,
      inState_ms: clock.bootTime_ms() - bootTimeOf_ms(since, entered, clock),
      policy,
      isPaused: isPaused(record, clock),
      verdict: this.#verdict,
      ...mirror,
      service: this.#monitor.counts.service,
      owner: this.#owner(),
      isBusy: this.#world.isBusy(name),
    };
  }

  #owner(): Owner | undefined {
    const { name, volumes } = this.#host;
    const owners = new Set(volumes.map((volume) => this.#world.ownership(name, volume.name)?.owner));
    return owners.size === 1 ? [...owners][0] : undefined;
  }

  #run(action: KeeperAction, message: string): void {
    const startedAt = this.#world.clock.bootTime_ms();
    const onFailure = (failure: WatchFailure) => {
      if (failure.code === 'FENCE_FAILED') this.#fenceFailure = failure;
      else if (failure.code !== 'LEG_NOT_PROVEN') this.#fenceFailure = undefined;
      this.#log(`${action}-failed`, { message: failure.message, facts: { code: failure.code, hint: failure.hint } });
    };
    const work = async () => {
      await this.#world[WORK[action]](this.#host.name);
      this.#log(`${action}-done`, { facts: { elapsed_s: (this.#world.clock.bootTime_ms() - startedAt) / 1000 } });
    };
    if (this.#operation.start(action, work, onFailure)) this.#log(`${action}-begun`, { message });
  }

  #log(event: EventName, about: { message?: string; level?: EventLevel; facts?: EventFacts } = {}): void {
    this.#world.log(eventOf(event, { host: this.#host.name, ...about }));
  }
}

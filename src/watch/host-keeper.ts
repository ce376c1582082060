import type { HostConfiguration } from '../config/schema.ts';
import { onlyVolume } from '../config/volumes.ts';
import type { HostEvidence, HostRecord, PrimaryReport } from '../hosts/host-record.ts';
import { isPaused } from '../hosts/pause.ts';
import {
  type HostEvent,
  type StateOrNone,
  type Transition,
  transitionEvent,
  transitionOf,
} from '../hosts/state-table.ts';
import { mirrorCondition } from '../mirror/condition.ts';
import { bootMomentNow, bootTimeOf_ms } from '../std/boot-moment.ts';
import type { Clock } from '../std/clock.ts';
import { type EventFacts, type EventLog, eventOf } from '../std/event.ts';
import type { EventLevel, EventName } from '../std/event-table.ts';
import { Attempt } from './attempt.ts';
import { withoutProvenOff, withProvenOff, withReport } from './evidence-record.ts';
import type { HostMonitor } from './host-monitor.ts';
import { chooseAction, type KeeperAction, type Situation } from './keeper-table.ts';
import { type LostWrites, observedEvent } from './observe.ts';
import type { Samples } from './probe-paths.ts';
import type { Verdict } from './verdict.ts';
import type { HostSnapshot, WatchFailure } from './watch-file.ts';

/** What a keeper uses outside itself: records, operations, the fence command. */
export interface KeeperWorld {
  clock: Clock;
  log: EventLog;
  record(host: string): HostRecord | undefined;
  /** A failover had its decision when it was interrupted: it may resume without deciding again. */
  takeoverDecided(host: string): boolean;
  /** Waits for the disk only if `durable`. */
  updateEvidence(host: string, change: (evidence: HostEvidence) => HostEvidence, options: { durable: boolean }): void;
  /**
   * Records an event under the host's lock, unless the host has left `from`. Fails if an operation holds the lock.
   * @returns The change, to be logged.
   */
  enter(host: string, from: StateOrNone, event: HostEvent): Promise<Transition | undefined>;
  fenceStatus(command: string, host: string): Promise<'on' | 'off' | undefined>;
  failover(host: string): Promise<void>;
  /** Restarts the service of a host that is taken over, on the standby. */
  restore(host: string): Promise<void>;
  /** Re-adds a dropped standby leg on the primary. */
  remirror(host: string): Promise<void>;
  lostWrites(host: string, volume: string): LostWrites;
  /** Marks lost writes for resync on the primary: until then the LUN is not served. */
  resyncLostWrites(host: string): Promise<void>;
}

/** What of the world does an action. */
const WORK = {
  failover: 'failover',
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
  #verdict: Verdict = 'unknown';
  #recordedReport: PrimaryReport | undefined;
  #fenceAskedAt_ms = Number.NEGATIVE_INFINITY;
  #fenceAsking = false;

  constructor(host: HostConfiguration, monitor: HostMonitor, world: KeeperWorld) {
    this.#host = host;
    this.#monitor = monitor;
    this.#world = world;
    this.#transition = new Attempt(world.clock, { longestPause_ms: 4000, settle_ms: 0 });
    this.#operation = new Attempt(world.clock, { longestPause_ms: 300_000, settle_ms: SETTLE_ms });
  }

  /** Waits for background actions. */
  async settled(): Promise<void> {
    await Promise.all([this.#transition.settled(), this.#operation.settled()]);
  }

  /** Called once a second, with the observations. */
  tick(samples: Samples): void {
    this.#verdict = this.#monitor.count(samples);
    const record = this.#world.record(this.#host.name);
    if (!record) {
      // Its state file was damaged and moved aside.
      this.#observe(null, 'enrolled');
      return;
    }
    const report = this.#monitor.freshReport(onlyVolume(this.#host).name, this.#world.clock.bootTime_ms());
    this.#keepEvidence(record, report);
    const lostWrites = this.#lostWrites();
    const event = observedEvent({ state: record.state, verdict: this.#verdict, report, lostWrites });
    if (event) this.#observe(record.state, event);
    this.#act(record, report);
  }

  snapshot(): HostSnapshot {
    const { running, failure } = this.#operation;
    return {
      verdict: this.#verdict,
      paths: this.#monitor.snapshot(),
      ...(running !== undefined && { running }),
      ...(failure !== undefined && { failure }),
    };
  }

  #lostWrites(): LostWrites {
    return this.#world.lostWrites(this.#host.name, onlyVolume(this.#host).name);
  }

  #keepEvidence(record: HostRecord, report: PrimaryReport | undefined): void {
    const { name, fenceCommand } = this.#host;
    // A failover is deciding on the recorded evidence: it must not change now.
    if (record.state === 'failing-over') return;
    const isNew = report !== undefined && report !== this.#recordedReport;
    const isHeardAgain = this.#verdict === 'alive' && record.provenOff !== undefined && record.state !== 'taken-over';
    if (isNew || isHeardAgain) {
      const change = (evidence: HostEvidence) => {
        const reported = isNew ? withReport(evidence, report, record.state, this.#lostWrites()) : evidence;
        return isHeardAgain ? withoutProvenOff(reported) : reported;
      };
      const before = record.lastReport && mirrorCondition(record.lastReport);
      const durable = isHeardAgain || (report !== undefined && mirrorCondition(report) !== before);
      this.#world.updateEvidence(name, change, { durable });
      this.#recordedReport = report;
    }
    const isSilent = this.#verdict === 'suspect' || this.#verdict === 'dead';
    if (isSilent && fenceCommand !== undefined && !record.provenOff) void this.#askFence(fenceCommand);
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
      const { clock } = this.#world;
      const off = { at: clock.wallTime().toISOString(), by: 'fence command', moment: bootMomentNow(clock) };
      this.#world.updateEvidence(name, (evidence) => withProvenOff(evidence, off), { durable: true });
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

  #act(record: HostRecord, report: PrimaryReport | undefined): void {
    // The state is about to change: wait for the next second.
    if (this.#transition.running !== undefined) return;
    const row = chooseAction(this.#situation(record, report));
    if (!row) return;
    const { action, message } = row;
    if (action === 'rest') this.#operation.reset();
    else this.#run(action, message);
  }

  #situation(record: HostRecord, report: PrimaryReport | undefined): Situation {
    const { name, policy } = this.#host;
    const { clock } = this.#world;
    const { state, since, entered } = record;
    return {
      state,
      inState_ms: clock.bootTime_ms() - bootTimeOf_ms(since, entered, clock),
      policy,
      isPaused: isPaused(record, clock),
      verdict: this.#verdict,
      report,
      service: this.#monitor.counts.service,
      lostWrites: this.#lostWrites(),
      isFailoverDecided: state === 'failing-over' && this.#world.takeoverDecided(name),
    };
  }

  #run(action: KeeperAction, message: string): void {
    const startedAt = this.#world.clock.bootTime_ms();
    const onFailure = (failure: WatchFailure) =>
      this.#log(`${action}-failed`, { message: failure.message, facts: { code: failure.code, hint: failure.hint } });
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

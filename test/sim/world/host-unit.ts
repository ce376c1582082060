import type { HostConfiguration } from '../../../src/config/schema.ts';
import { onlyVolume } from '../../../src/config/volumes.ts';
import type { OwnershipKeeper } from '../../../src/ownership/keeper.ts';
import type { Clock } from '../../../src/std/clock.ts';
import { SpareError } from '../../../src/std/errors.ts';
import type { EventLog } from '../../../src/std/event.ts';
import type { HostTargetStatus } from '../../../src/target/client/control-protocol.ts';
import { FenceRecord } from '../../../src/target/fence-record.ts';
import type { Connection, LoginAnswer, LoginResult } from './initiator.ts';
import { type Leg, rangeOf } from './leg.ts';
import type { SimProcess } from './process.ts';
import type { Timeline } from './timeline.ts';
import { UnitProcess } from './unit-process.ts';

/** A region stays marked for a while after its flush. */
const MARK_ms = 5000;
/** An unanswered write may have been in memory only. */
const UNFLUSHED_ms = 5;

interface RecentWrite {
  block: number;
  before: number;
  at_ms: number;
}

export interface HostUnitOptions {
  configuration: HostConfiguration;
  folder: string;
  leg: Leg;
  keeper: OwnershipKeeper;
  clock: Clock;
  /** The same clock for what only looks at the time. */
  quietClock: Clock;
  report: EventLog;
  timeline: Timeline;
  /** Tells the initiator, if packets get through, that its connection was ended. */
  onReset: (connection: Connection) => void;
}

/** The LUN of one host: its session, its fence record, what the target remembers of the leg. */
export class HostUnit {
  readonly leg: Leg;
  lost: readonly number[] = [];
  /** The next write is answered with an error. */
  failsNextWrite = false;
  /** When it was heard last, in the world's time. */
  heardAt_ms = Number.NEGATIVE_INFINITY;
  readonly #options: HostUnitOptions;
  readonly #fence: FenceRecord;
  #process: SimProcess | undefined;
  #running: UnitProcess | undefined;
  #connection: Connection | undefined;
  #marks = new Map<number, RecentWrite>();

  constructor(options: HostUnitOptions) {
    this.#options = options;
    this.leg = options.leg;
    this.#fence = new FenceRecord(options.folder);
  }

  get fenced(): boolean {
    return this.#fence.stands;
  }

  get connection(): Connection | undefined {
    return this.#connection?.targetOpen ? this.#connection : undefined;
  }

  get running(): UnitProcess | undefined {
    return this.#running;
  }

  /** The process of the host starts. */
  start(process: SimProcess): void {
    const isFenced = () => this.fenced;
    this.#process = process;
    this.#inProcess(async () => {
      this.#running = new UnitProcess({ ...this.#options, isFenced });
      await this.settle();
    });
  }

  /** Every second. */
  tick(): void {
    this.#inProcess(() => this.settle());
  }

  /** What time has done, before anything is decided. */
  async settle(): Promise<void> {
    const running = this.#running;
    await running?.settle();
    if (running?.isOfStandby && !this.fenced) this.fence();
  }

  login(then: (result: LoginResult) => void): void {
    this.#sign();
    const running = this.#running;
    const answer = this.#refusal();
    if (answer !== 'accepted' || !running) {
      then({ answer });
      return;
    }
    this.#inProcess(async () => {
      running.login((recorded) => {
        const now = recorded === 'accepted' ? this.#refusal() : recorded;
        if (now !== 'accepted') {
          then({ answer: now });
          return;
        }
        this.#end(false);
        this.#connection = { initiatorOpen: true, targetOpen: true };
        this.#sign();
        const { owner = 'unknown', epoch = 0 } = running.record ?? {};
        then({ answer: 'accepted', connection: this.#connection, owner, epoch } as const);
      });
    });
  }

  #refusal(): LoginAnswer {
    if (!this.#running) return 'none';
    if (this.fenced) return 'fenced';
    return this.lost.length > 0 || this.#running.failure !== undefined ? 'not-ready' : 'accepted';
  }

  /** A discovery session. */
  ask(): LoginAnswer {
    if (!this.#running) return 'none';
    this.#sign();
    return this.fenced ? 'fenced' : 'accepted';
  }

  hear(connection: Connection): void {
    if (connection === this.#connection && connection.targetOpen) this.#heard();
  }

  write(
    connection: Connection,
    block: number,
    version: number,
    then: (result: 'done' | 'error' | 'dropped') => void,
  ): void {
    if (connection !== this.#connection || !connection.targetOpen) {
      then('dropped');
      return;
    }
    this.#heard();
    if (this.failsNextWrite) {
      this.failsNextWrite = false;
      const fail = (answer: (isAnswered: boolean) => void) => this.#running?.failWrite(answer);
      this.#loseLeg(connection, fail, (isAnswered) => then(isAnswered ? 'error' : 'dropped'));
      return;
    }
    this.#marks.set(block, { block, before: this.leg.content[block] ?? 0, at_ms: this.#options.timeline.now_ms });
    this.leg.content[block] = version;
    then('done');
  }

  logout(connection: Connection, then: (isAnswered: boolean) => void): void {
    this.#heard();
    const record = (answer: (isAnswered: boolean) => void) => this.#running?.logout(answer);
    this.#loseLeg(connection, record, (isAnswered) => {
      if (isAnswered && connection === this.#connection) this.#end(false);
      then(isAnswered);
    });
  }

  /** What makes MD drop the leg at once is recorded before it is answered; otherwise the session ends without an answer. */
  #loseLeg(
    connection: Connection,
    record: (answer: (isAnswered: boolean) => void) => void,
    then: (isAnswered: boolean) => void,
  ): void {
    this.#inProcess(async () => {
      record((isAnswered) => {
        if (!isAnswered && connection === this.#connection) this.#end(true);
        then(isAnswered);
      });
    });
  }

  fence(): void {
    this.#fence.write();
    this.#end(true);
  }

  unfence(): void {
    if (this.#running?.isOfStandby) {
      throw new SpareError('refused', 'STANDBY_OWNS_VOLUME', 'Cannot serve the LUNs: the standby owns the volume', {
        hint: 'To give it back to the primary, run: spare failback',
      });
    }
    this.#fence.remove();
  }

  accept(): void {
    this.lost = [];
    this.#marks.clear();
  }

  /** The connection breaks. */
  reset(): void {
    this.#end(true);
  }

  /** The process ends: its connections are reset. */
  die(): void {
    this.#running = undefined;
    this.#process = undefined;
    this.#end(true);
  }

  /** The standby loses power while the leg is open: what was marked may be stale. */
  losePower(keeps: () => boolean): void {
    const now_ms = this.#options.timeline.now_ms;
    const recent = [...this.#marks.values()].filter(({ at_ms }) => now_ms - at_ms < MARK_ms);
    for (const { block, before, at_ms } of recent) {
      if (now_ms - at_ms < UNFLUSHED_ms && !keeps()) this.leg.content[block] = before;
    }
    if (!this.fenced) this.lost = [...new Set([...this.lost, ...recent.map(({ block }) => block)])];
    this.#marks.clear();
    if (this.#connection) this.#connection.targetOpen = false;
    this.#connection = undefined;
    this.#running = undefined;
    this.#process = undefined;
  }

  status(): HostTargetStatus {
    const { configuration } = this.#options;
    const { name, target } = configuration;
    const session = { initiatorName: target.initiatorName, remoteAddress: configuration.ssh.address, since: 0 };
    return {
      host: name,
      iqn: target.iqn,
      pid: 1,
      responding: this.#running !== undefined,
      fenced: this.fenced,
      sessions: this.connection ? [session] : [],
      lastPduAt: this.#running?.hearing.any ?? null,
      sessionHeardAt: this.#running?.hearing.session ?? null,
      sessionEndedAt: null,
      volumes: [this.#volumeStatus()],
    };
  }

  #volumeStatus(): HostTargetStatus['volumes'][number] {
    const { name, lun } = onlyVolume(this.#options.configuration);
    const record = this.#running?.record;
    return {
      volume: name,
      ownership: record ? { epoch: record.epoch, owner: record.owner, cause: record.cause } : null,
      lun,
      lost: this.lost.map(rangeOf),
      notServed: this.#notServed(),
      lastWriteAt: null,
      counters: { reads: 0, writes: 0, flushes: 0, readBytes: 0, writtenBytes: 0, errors: 0 },
    };
  }

  #notServed(): HostTargetStatus['volumes'][number]['notServed'] {
    const failure = this.#running?.failure;
    if (failure === undefined) return null;
    return failure instanceof SpareError
      ? { reason: failure.message, hint: failure.hint }
      : { reason: String(failure), hint: 'To see why, run: journalctl -u spare-serve' };
  }

  #inProcess(work: () => Promise<void>): void {
    const process = this.#process;
    if (!process?.alive) return;
    this.#options.timeline.promised();
    // What fails is not answered.
    process.run(work).catch(() => {});
  }

  /** A PDU of a session: it prolongs the lease. */
  #heard(): void {
    this.#sign();
    if (this.#running) this.#running.lastPduAt = this.#options.clock.bootTime_ms();
  }

  /** Any sign of life of the authenticated initiator. */
  #sign(): void {
    this.heardAt_ms = this.#options.timeline.now_ms;
    if (this.#running) this.#running.lastSignAt = this.#options.clock.bootTime_ms();
  }

  #end(isTold: boolean): void {
    const connection = this.#connection;
    if (!connection?.targetOpen) return;
    connection.targetOpen = false;
    if (isTold) this.#options.onReset(connection);
  }
}

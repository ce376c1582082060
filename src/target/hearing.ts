import type { Target } from '../iscsi/target.ts';
import type { Clock } from '../std/clock.ts';
import type { HeardFile, HeardTimes } from './heard-file.ts';

const TICK_ms = 100;
const SAVE_ms = 1_000;

export interface HearingOptions {
  target: Pick<Target, 'lastPduAt' | 'lastSignAt'>;
  clock: Clock;
  lease_ms(): number;
  /** Where it is kept over a restart of the process. @default nowhere */
  file?: HeardFile | undefined;
}

/**
 * When the host was heard, for its lease.
 *
 * PDUs wait in their socket while this process is not run, so a PDU may be as old as the stall was long. A timer that is late runs
 * once at the end of a stall; the tick before it was before the stall. What arrives between two ticks is therefore as old as the last
 * but one, at the most.
 */
export class Hearing {
  readonly #target: HearingOptions['target'];
  readonly #clock: Clock;
  readonly #file: HeardFile | undefined;
  readonly #lease_ms: () => number;
  /** Of an earlier process. */
  readonly #before: HeardTimes;
  #session: number | null;
  /** The same with what does not count yet. */
  #latest: number | null;
  /** It was silent for longer than its lease, and that is not recorded yet. */
  #isOver = false;
  /** `target.lastPduAt` at the last tick. */
  #known: number | null;
  #lastTick: number;
  #lastButOne: number;

  constructor({ target, clock, lease_ms, file }: HearingOptions) {
    this.#lease_ms = lease_ms;
    this.#target = target;
    this.#clock = clock;
    this.#file = file;
    this.#before = file?.read() ?? { any: null, session: null };
    this.#session = this.#before.session;
    this.#latest = this.#session;
    this.#known = target.lastPduAt;
    this.#lastTick = clock.bootTime_ms();
    this.#lastButOne = this.#lastTick;
  }

  start(): void {
    this.#clock.every(TICK_ms, () => this.#tick()).unref();
    this.#clock.every(SAVE_ms, () => this.#save()).unref();
  }

  /** In any way; at the latest. */
  get any(): number | null {
    const { lastPduAt, lastSignAt } = this.#target;
    const times = [lastPduAt, lastSignAt, this.#before.any].filter((time) => time !== null);
    return times.length > 0 ? Math.max(...times) : null;
  }

  /** In a normal session; at the earliest. What came after a silence that was longer than the lease does not count before that is recorded. */
  get session(): number | null {
    return this.#session;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** The end of the lease is recorded: another one may begin. */
  endRecorded(): void {
    this.#isOver = false;
    this.#session = this.#latest;
  }

  /**
   * A login is recorded, and about to succeed. It prolongs nothing: where its answer gets lost, the initiator's timer runs on. Its
   * first PDU does.
   */
  sessionBegins(): void {
    this.#isOver = false;
  }

  /** The initiator does not wait any more: the lease is over at once. */
  forgetSession(): void {
    this.#session = null;
    this.#isOver = true;
    this.#save();
  }

  #tick(): void {
    const { lastPduAt } = this.#target;
    if (lastPduAt !== this.#known) {
      this.#known = lastPduAt;
      this.#heardAt(this.#lastButOne);
    }
    this.#lastButOne = this.#lastTick;
    this.#lastTick = this.#clock.bootTime_ms();
  }

  #heardAt(time: number): void {
    const silence_ms = time - (this.#session ?? Number.NEGATIVE_INFINITY);
    this.#isOver ||= silence_ms >= this.#lease_ms();
    this.#latest = time;
    if (!this.#isOver) this.#session = time;
  }

  #save(): void {
    this.#file?.write({ any: this.any, session: this.session });
  }
}

import { monotonic_ms, systemClock } from '../src/std/clock.ts';
import { Histogram } from './histogram.ts';
import type { InitiatorSession, SessionEvents } from './initiator/session.ts';

const READING = 1;
const WRITING = 2;
const FLUSHING = 3;

export interface SessionLoadOptions {
  depth: number;
  operation_bytes: number;
  readShare: number;
  flushEach: boolean;
  seed: number;
}

/**
 * Keeps `depth` operations outstanding in one session. The clock is read once for each chunk that the socket gives, not for each
 * operation: an operation begins and ends with the chunk in which it was found. Answers that arrive together have waited for the
 * last of them anyway.
 */
export class SessionLoad implements SessionEvents {
  readonly histogram = new Histogram();
  /** Operations still outstanding when the session ended or the time was up. Their age counts as their latency. */
  unfinished = 0;
  error: Error | null = null;
  readonly #session: InitiatorSession;
  readonly #options: SessionLoadOptions;
  readonly #blocks: number;
  readonly #places: number;
  readonly #kinds: Uint8Array;
  readonly #starts_ms: Float64Array;
  #random: number;
  #now_ms = 0;
  #underWay = 0;
  #end_ms = 0;
  #isOver = false;
  #finish: () => void = () => {};

  constructor(session: InitiatorSession, options: SessionLoadOptions) {
    this.#session = session;
    this.#options = options;
    this.#blocks = options.operation_bytes / session.block_bytes;
    this.#places = Math.floor(session.blockCount / this.#blocks);
    this.#kinds = new Uint8Array(options.depth);
    this.#starts_ms = new Float64Array(options.depth);
    this.#random = options.seed;
  }

  /** Starts no operation after `end_ms`. Resolves when all are done, when the session cannot continue, or `drain_ms` after the end. */
  async run(end_ms: number, drain_ms: number): Promise<void> {
    this.#end_ms = end_ms;
    this.#session.startLoad(this);
    const finished = new Promise<void>((resolve) => {
      this.#finish = resolve;
    });
    this.onTurn();
    this.#underWay = this.#options.depth;
    for (let slot = 0; slot < this.#options.depth; slot++) this.#next(slot);
    this.#session.send();
    const timer = systemClock.after(end_ms + drain_ms - monotonic_ms(), () => this.#giveUp());
    await finished;
    timer.stop();
  }

  onTurn(): void {
    this.#now_ms = monotonic_ms();
  }

  onDone(slot: number): void {
    if (this.#kinds[slot] === WRITING && this.#options.flushEach) {
      this.#kinds[slot] = FLUSHING;
      this.#session.flush(slot);
      return;
    }
    this.histogram.record(this.#now_ms - (this.#starts_ms[slot] as number));
    this.#next(slot);
  }

  onError(error: Error): void {
    this.error = error;
    this.#giveUp();
  }

  #next(slot: number): void {
    if (this.#now_ms >= this.#end_ms) {
      this.#kinds[slot] = 0;
      this.#underWay--;
      if (this.#underWay === 0) this.#end();
      return;
    }
    this.#starts_ms[slot] = this.#now_ms;
    const lba = Math.floor(this.#draw() * this.#places) * this.#blocks;
    const reads = this.#options.readShare === 1 || this.#draw() < this.#options.readShare;
    this.#kinds[slot] = reads ? READING : WRITING;
    if (reads) this.#session.read(slot, lba, this.#blocks);
    else this.#session.write(slot, lba, this.#blocks);
  }

  #giveUp(): void {
    if (this.#isOver) return;
    const now_ms = monotonic_ms();
    for (const [slot, kind] of this.#kinds.entries()) {
      if (kind === 0) continue;
      this.unfinished++;
      this.histogram.record(now_ms - (this.#starts_ms[slot] as number));
    }
    this.#session.abandon();
    this.#end();
  }

  #end(): void {
    this.#isOver = true;
    this.#finish();
  }

  /** xorshift32 (Marsaglia 2003): evenly spread from 0 to 1, the same in each run. */
  #draw(): number {
    let x = this.#random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#random = x;
    return (x >>> 0) / 2 ** 32;
  }
}

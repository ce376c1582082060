import type { BufferPool } from '../std/buffer-pool.ts';
import { monotonic_ms } from '../std/clock.ts';
import { LIMITS } from './limits.ts';

/** How long a turn of the event loop works before it polls all sockets again. */
const SLICE_MS = 0.5;
/** Longer chunks do not wait: copying them would cost more than waiting in line gains. */
const SHORT_BYTES = 32 * 1024;
/** How much a waiting chunk counts towards `LIMITS.waiting_bytes`, however short it is. */
const LEAST_BYTES = 4 * 1024;

export interface TurnsOptions {
  /** The memory for copies of waiting chunks. */
  pool: BufferPool;
  /** Called after each turn in which something was sent. */
  sent(): void;
  /** Milliseconds, from any point on. @default monotonic_ms */
  now?: () => number;
}

interface WaitingChunk {
  readonly memory: Buffer;
  readonly length_bytes: number;
  take(chunk: Buffer): void;
}

/**
 * Shares the event loop among many connections. libuv reads all ready sockets before it polls again, so a command that arrives just
 * after the poll would wait for all of them twice. Therefore a turn works for `SLICE_MS`. Chunks read but not processed by then
 * wait in line, in order of arrival, and the sockets are polled again before the next slice. The output of a turn is sent at its end,
 * socket by socket: a peer that wakes up between two of them would send little, and need waking again.
 *
 * With one connection hardly anything waits or is copied.
 */
export class Turns {
  readonly #pool: BufferPool;
  readonly #sent: () => void;
  readonly #now: () => number;
  /** When this turn started working; `undefined` before that. */
  #began_ms: number | undefined;
  #isScheduled = false;
  #waiting: WaitingChunk[] = [];
  #waiting_bytes = 0;
  #writes: (() => void)[] = [];

  constructor({ pool, sent, now = monotonic_ms }: TurnsOptions) {
    this.#pool = pool;
    this.#sent = sent;
    this.#now = now;
  }

  /** Input from a connection: `take` gets it now, or a copy of it later in line. */
  received(chunk: Buffer, take: (chunk: Buffer) => void): void {
    // If nothing waits and nothing has been sent, nothing is delayed, and the turn needs no end.
    if (!this.#isScheduled) this.#began_ms = undefined;
    if (this.#waiting.length === 0 && !this.#isUsedUp()) {
      take(chunk);
    } else if (chunk.length > SHORT_BYTES || this.#waiting_bytes >= LIMITS.waiting_bytes) {
      this.workOff();
      take(chunk);
    } else {
      this.#putAside(chunk, take);
    }
  }

  /** Calls `write` when this turn is over. */
  atEnd(write: () => void): void {
    this.#writes.push(write);
    this.#schedule();
  }

  /** Processes everything that waits, now. */
  workOff(): void {
    while (this.#waiting.length > 0) this.#workOnNext();
  }

  #isUsedUp(): boolean {
    const now_ms = this.#now();
    this.#began_ms ??= now_ms;
    return now_ms - this.#began_ms >= SLICE_MS;
  }

  #putAside(chunk: Buffer, take: (chunk: Buffer) => void): void {
    // Only a few different lengths, so that the pool can reuse them.
    const memory = this.#pool.take(Math.max(LEAST_BYTES, 2 ** (32 - Math.clz32(chunk.length - 1))));
    chunk.copy(memory);
    this.#waiting.push({ memory, length_bytes: chunk.length, take });
    this.#waiting_bytes += memory.length;
    this.#schedule();
  }

  #workOnNext(): void {
    const { memory, length_bytes, take } = this.#waiting.shift() as WaitingChunk;
    this.#waiting_bytes -= memory.length;
    take(memory.subarray(0, length_bytes));
    this.#pool.give(memory);
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#end);
  }

  readonly #end = (): void => {
    while (this.#waiting.length > 0 && !this.#isUsedUp()) this.#workOnNext();
    const writes = this.#writes;
    this.#writes = [];
    for (const write of writes) write();
    if (writes.length > 0) this.#sent();
    this.#began_ms = undefined;
    this.#isScheduled = false;
    if (this.#waiting.length > 0) this.#schedule();
  };
}

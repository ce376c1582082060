import type { BufferPool } from '../std/buffer-pool.ts';
import { monotonic_ms } from '../std/clock.ts';
import { LIMITS } from './limits.ts';

/** How long a turn of the event loop works before it asks all sockets again. */
const SLICE_MS = 0.5;
/** Longer chunks don't wait: copying them would cost more than waiting in line is worth. */
const SHORT_BYTES = 32 * 1024;
/** What a chunk that waits takes of `LIMITS.waiting_bytes`, however short it is. */
const LEAST_BYTES = 4 * 1024;

export interface TurnsOptions {
  /** Where the copies of chunks that wait lie. */
  pool: BufferPool;
  /** Told of each turn in which something was sent. */
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
 * Shares the event loop among many connections. libuv reads all sockets that have something before it asks again which have: a command that comes just
 * after that would wait for all of them twice. So a turn works for `SLICE_MS`; chunks that were read and are not worked on by then
 * wait in line, in the order in which they came, and the sockets are asked again before the next slice. What a turn gives is sent at its end, socket by
 * socket: a peer that is woken between two of them sends little, and has itself woken again.
 *
 * With one connection hardly anything ever waits or is copied.
 */
export class Turns {
  readonly #pool: BufferPool;
  readonly #sent: () => void;
  readonly #now: () => number;
  /** When this turn began to work; `undefined`: it has not. */
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

  /** What was read from a connection: `take` gets it now, or a copy of it when its turn has come. */
  received(chunk: Buffer, take: (chunk: Buffer) => void): void {
    // Where nothing waits and nothing has been sent, nothing is kept waiting either, and the turn needs no end.
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

  /** Works on everything that waits, now. */
  workOff(): void {
    while (this.#waiting.length > 0) this.#workOnNext();
  }

  #isUsedUp(): boolean {
    const now_ms = this.#now();
    this.#began_ms ??= now_ms;
    return now_ms - this.#began_ms >= SLICE_MS;
  }

  #putAside(chunk: Buffer, take: (chunk: Buffer) => void): void {
    // Few different lengths, so that the pool has them again.
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

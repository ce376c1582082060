/** What is kept for the next ones, in bytes: more than a full window of large ones, little beside what may be under way. */
const KEPT_BYTES = 16 * 1024 * 1024;

/** Shorter ones are cut from what Node keeps for that: memory of its own costs some hundred bytes beside its content. */
const LEAST_BYTES = 4 * 1024;

/**
 * Buffers for the data of commands that are used again: memory that is new for each command costs page faults, and a quarter of the time
 * in garbage collection at 1 MiB. A buffer is given back once, when nobody looks at it any more.
 */
export class BufferPool {
  readonly #free = new Map<number, Buffer[]>();
  #kept_bytes = 0;

  /** A buffer of just this length, with anything in it. */
  take(length_bytes: number): Buffer {
    if (length_bytes < LEAST_BYTES) return Buffer.allocUnsafe(length_bytes);
    const buffer = this.#free.get(length_bytes)?.pop();
    if (buffer === undefined) return Buffer.allocUnsafeSlow(length_bytes);
    this.#kept_bytes -= length_bytes;
    return buffer;
  }

  /** What is only a part of its memory is not kept: somebody else may have the rest. */
  give(buffer: Buffer): void {
    if (buffer.length < LEAST_BYTES || buffer.length !== buffer.buffer.byteLength) return;
    if (this.#kept_bytes + buffer.length > KEPT_BYTES) {
      // Loads change, and lengths that nobody uses any more must not keep out those that are used now.
      this.#free.clear();
      this.#kept_bytes = 0;
    }
    const same = this.#free.get(buffer.length);
    if (same) same.push(buffer);
    else this.#free.set(buffer.length, [buffer]);
    this.#kept_bytes += buffer.length;
  }
}

/** How many bytes the pool keeps: more than a full window of large buffers, little compared with the data in flight. */
const KEPT_BYTES = 16 * 1024 * 1024;

/** Shorter buffers come from Node's own pool: a separate allocation costs some hundred bytes besides its content. */
const LEAST_BYTES = 4 * 1024;

/**
 * Reusable buffers for command data. New memory for each command costs page faults, and a quarter of the time in garbage
 * collection at 1 MiB. Return a buffer once, when nothing reads it any more.
 */
export class BufferPool {
  readonly #free = new Map<number, Buffer[]>();
  #kept_bytes = 0;

  /** A buffer of exactly this length. Its content is arbitrary. */
  take(length_bytes: number): Buffer {
    if (length_bytes < LEAST_BYTES) return Buffer.allocUnsafe(length_bytes);
    const buffer = this.#free.get(length_bytes)?.pop();
    if (buffer === undefined) return Buffer.allocUnsafeSlow(length_bytes);
    this.#kept_bytes -= length_bytes;
    return buffer;
  }

  /** A buffer that covers only part of its memory is not kept: the rest may be in use elsewhere. */
  give(buffer: Buffer): void {
    if (buffer.length < LEAST_BYTES || buffer.length !== buffer.buffer.byteLength) return;
    if (this.#kept_bytes + buffer.length > KEPT_BYTES) {
      // Loads change: lengths that are no longer used must not displace those in use now.
      this.#free.clear();
      this.#kept_bytes = 0;
    }
    const same = this.#free.get(buffer.length);
    if (same) same.push(buffer);
    else this.#free.set(buffer.length, [buffer]);
    this.#kept_bytes += buffer.length;
  }
}

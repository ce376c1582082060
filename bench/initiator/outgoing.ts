import type { Socket } from 'node:net';

/** Data up to this length is copied behind its header: one buffer in one write costs less than several. */
const COPIED_BYTES = 16 * 1024;
const LEAST_CAPACITY_BYTES = 4 * 1024;
const MOST_CAPACITY_BYTES = 256 * 1024;

/**
 * Collects what a session sends during one turn of the event loop, so that it leaves in one write. Its buffer is used again as
 * soon as the kernel has taken all of it, which it does at once unless the target reads slowly.
 */
export class Outgoing {
  bytes: Buffer;
  readonly #socket: Socket;
  readonly #capacity_bytes: number;
  /** What lies between the two is not handed over yet. */
  #start = 0;
  #end = 0;
  #corked = false;

  constructor(socket: Socket, expected_bytes: number) {
    this.#socket = socket;
    this.#capacity_bytes = Math.min(MOST_CAPACITY_BYTES, Math.max(LEAST_CAPACITY_BYTES, expected_bytes));
    this.bytes = Buffer.allocUnsafeSlow(this.#capacity_bytes);
  }

  /** Makes room for so many bytes, at most 4 KiB; where they are to be put in `bytes`. */
  reserve(length_bytes: number): number {
    if (this.#end + length_bytes > this.bytes.length) this.#renew();
    const at = this.#end;
    this.#end += length_bytes;
    return at;
  }

  /** The data must stay as it is: it may be sent later. */
  append(data: Buffer): void {
    if (data.length <= COPIED_BYTES && data.length <= this.#capacity_bytes) {
      if (this.#end + data.length > this.bytes.length) this.#renew();
      this.bytes.set(data, this.#end);
      this.#end += data.length;
      return;
    }
    if (!this.#corked) this.#socket.cork();
    this.#corked = true;
    this.#handOver();
    this.#socket.write(data);
  }

  /** Sends what was collected. */
  flush(): void {
    if (this.#end === 0) return;
    this.#handOver();
    if (this.#corked) this.#socket.uncork();
    this.#corked = false;
    if (this.#socket.writableLength > 0) this.bytes = Buffer.allocUnsafeSlow(this.#capacity_bytes);
    this.#start = 0;
    this.#end = 0;
  }

  #renew(): void {
    this.#handOver();
    this.bytes = Buffer.allocUnsafeSlow(this.#capacity_bytes);
    this.#start = 0;
    this.#end = 0;
  }

  #handOver(): void {
    if (this.#end > this.#start) this.#socket.write(this.bytes.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }
}

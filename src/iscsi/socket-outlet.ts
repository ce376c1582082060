import type { Socket } from 'node:net';
import { crc32c } from './crc32c.ts';
import { LIMITS } from './limits.ts';
import type { Outlet } from './outlet.ts';
import type { OutgoingPdu } from './pdu/outgoing.ts';

const PADDING = [Buffer.alloc(0), Buffer.alloc(3), Buffer.alloc(2), Buffer.alloc(1)] as const;

/** Writes PDUs to a socket: all that one turn of the event loop gives goes out in one `writev`. */
export class SocketOutlet implements Outlet {
  readonly #socket: Socket;
  readonly #sent: () => void;
  #headerDigest = false;
  #dataDigest = false;
  #corked = false;

  /** @param sent is told of each turn of the event loop in which something was sent. */
  constructor(socket: Socket, sent: () => void = () => {}) {
    this.#socket = socket;
    this.#sent = sent;
  }

  get backlog_bytes(): number {
    return this.#socket.writableLength;
  }

  useDigests(header: boolean, data: boolean): void {
    this.#headerDigest = header;
    this.#dataDigest = data;
  }

  send({ header, data, dataLength_bytes }: OutgoingPdu, flushed?: () => void): void {
    if (!this.#socket.writable) {
      flushed?.();
      return;
    }
    this.#cork();
    header.writeUIntBE(dataLength_bytes, 5, 3);
    const parts = [header];
    if (this.#headerDigest) parts.push(digest([header]));
    parts.push(...data);
    const padding = PADDING[dataLength_bytes & 3] as Buffer;
    if (padding.length > 0) parts.push(padding);
    if (this.#dataDigest && dataLength_bytes > 0) parts.push(digest([...data, padding]));

    const last = parts.length - 1;
    for (let index = 0; index < last; index++) this.#socket.write(parts[index] as Buffer);
    // Node calls back with an error when the socket is destroyed: the bytes are gone either way.
    if (flushed) this.#socket.write(parts[last] as Buffer, () => flushed());
    else this.#socket.write(parts[last] as Buffer);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.end();
    const linger = setTimeout(() => this.#socket.destroy(), LIMITS.linger_ms).unref();
    // Sessions that come and go quickly would else be kept for as long.
    this.#socket.once('close', () => clearTimeout(linger));
    // Paused sockets never notice that the peer has closed.
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #cork(): void {
    if (this.#corked) return;
    this.#corked = true;
    this.#socket.cork();
    process.nextTick(() => {
      this.#corked = false;
      this.#socket.uncork();
      this.#sent();
    });
  }
}

function digest(parts: readonly Buffer[]): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32LE(crc32c(parts));
  return bytes;
}

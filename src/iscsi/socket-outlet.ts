import type { Socket } from 'node:net';
import type { BufferPool } from '../std/buffer-pool.ts';
import type { Clock } from '../std/clock.ts';
import { crc32c } from './crc32c.ts';
import { Gatherer } from './gatherer.ts';
import { LIMITS } from './limits.ts';
import type { Outlet } from './outlet.ts';
import type { OutgoingPdu } from './pdu/outgoing.ts';
import type { Turns } from './turns.ts';

const PADDING = [Buffer.alloc(0), Buffer.alloc(3), Buffer.alloc(2), Buffer.alloc(1)] as const;

/** Writes PDUs to a socket: the output of one turn is sent in one call, at its end. */
export class SocketOutlet implements Outlet {
  readonly #socket: Socket;
  readonly #gatherer: Gatherer;
  readonly #turns: Turns;
  readonly #clock: Clock;
  #flushed: (() => void)[] = [];
  #headerDigest = false;
  #dataDigest = false;

  /** @param pool The memory in which PDUs are joined. */
  constructor(socket: Socket, pool: BufferPool, turns: Turns, clock: Clock) {
    this.#socket = socket;
    this.#gatherer = new Gatherer(pool);
    this.#turns = turns;
    this.#clock = clock;
  }

  get backlog_bytes(): number {
    return this.#socket.writableLength + this.#gatherer.bytes;
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
    if (flushed) this.#flushed.push(flushed);
    const gatherer = this.#gatherer;
    if (gatherer.bytes === 0) this.#turns.atEnd(this.#write);
    header.writeUIntBE(dataLength_bytes, 5, 3);
    gatherer.add(header);
    if (this.#headerDigest) gatherer.add(digest([header]));
    if (dataLength_bytes === 0) return;
    for (const part of data) gatherer.add(part);
    const padding = PADDING[dataLength_bytes & 3] as Buffer;
    if (padding.length > 0) gatherer.add(padding);
    if (this.#dataDigest) gatherer.add(digest([...data, padding]));
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#write();
    this.#socket.end();
    const linger = this.#clock.after(LIMITS.linger_ms, () => this.#socket.destroy()).unref();
    // Otherwise sessions that come and go quickly would be kept in memory for that long.
    this.#socket.once('close', () => linger.stop());
    // Paused sockets never notice that the peer has closed.
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  readonly #write = (): void => {
    const { parts, written } = this.#gatherer.take();
    const flushed = this.#flushed;
    const last = parts.length - 1;
    if (last < 0) return;
    this.#flushed = [];
    // Node calls back with an error when the socket is destroyed: the bytes are gone either way.
    const done = (): void => {
      written();
      for (const each of flushed) each();
    };
    if (last > 0) this.#socket.cork();
    for (let index = 0; index < last; index++) this.#socket.write(parts[index] as Buffer);
    this.#socket.write(parts[last] as Buffer, done);
    if (last > 0) this.#socket.uncork();
  };
}

function digest(parts: readonly Buffer[]): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32LE(crc32c(parts));
  return bytes;
}

/**
 * The least that a target on Node has to do: take a message, `pread` or `pwrite` inline, answer in one write.
 *
 *     node bench/limit/server.ts FILE      prints its port and serves connections until it is ended
 */
import { openSync, readSync, writeSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { HEADER_BYTES, KIND } from './message.ts';

/** Above every depth that is measured: a buffer comes round again only after its data has left. */
const BUFFERS = 64;
const MAXIMUM_OPERATION_BYTES = 1024 * 1024;

class Connection {
  readonly #file: number;
  readonly #socket: Socket;
  readonly #request = Buffer.alloc(HEADER_BYTES);
  readonly #response = Buffer.alloc(HEADER_BYTES);
  readonly #buffers: Buffer[] = [];
  #turn = 0;
  #filled = 0;
  /** Of a write: what is still to come, and where it goes. */
  #remaining_bytes = 0;
  #offset_bytes = 0;

  constructor(socket: Socket, file: number) {
    this.#socket = socket;
    this.#file = file;
    socket.on('data', (chunk: Buffer) => {
      socket.cork();
      for (let at = 0; at < chunk.length; ) at += this.#take(chunk, at);
      socket.uncork();
    });
    socket.on('error', () => socket.destroy());
  }

  #take(chunk: Buffer, at: number): number {
    if (this.#remaining_bytes > 0) return this.#write(chunk, at);
    const length = Math.min(HEADER_BYTES - this.#filled, chunk.length - at);
    chunk.copy(this.#request, this.#filled, at, at + length);
    this.#filled += length;
    if (this.#filled < HEADER_BYTES) return length;
    this.#filled = 0;
    const length_bytes = this.#request.readUInt32BE(4);
    this.#offset_bytes = this.#request.readUIntBE(8, 6);
    if (this.#request[0] === KIND.read) this.#read(length_bytes);
    else this.#remaining_bytes = length_bytes;
    return length;
  }

  #read(length_bytes: number): void {
    this.#turn = (this.#turn + 1) % BUFFERS;
    this.#buffers[this.#turn] ??= Buffer.allocUnsafeSlow(MAXIMUM_OPERATION_BYTES);
    const data = (this.#buffers[this.#turn] as Buffer).subarray(0, length_bytes);
    readSync(this.#file, data, 0, length_bytes, this.#offset_bytes);
    this.#socket.write(this.#response);
    this.#socket.write(data);
  }

  #write(chunk: Buffer, at: number): number {
    const length = Math.min(this.#remaining_bytes, chunk.length - at);
    writeSync(this.#file, chunk, at, length, this.#offset_bytes);
    this.#offset_bytes += length;
    this.#remaining_bytes -= length;
    if (this.#remaining_bytes === 0) this.#socket.write(this.#response);
    return length;
  }
}

const file = openSync(process.argv[2] as string, 'r+');
const server = createServer({ noDelay: true }, (socket) => new Connection(socket, file));
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));

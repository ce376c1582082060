import { crc32c } from '../../src/iscsi/crc32c.ts';
import { DIGEST_BYTES, HEADER_BYTES, OPCODE, padded } from './wire.ts';

const HEADER = 0;
const DATA = 1;

/** `data` is empty where the reader has skipped it. It is valid during the call only. */
type Receive = (header: Buffer, data: Buffer, dataLength_bytes: number) => void;

/**
 * Cuts what a socket delivers into PDUs. Under load the data of Data-In PDUs is counted and dropped unless a digest has to be
 * checked: a load generator that copied what it reads would measure itself.
 */
export class Reader {
  digests = false;
  /** Whether the data of Data-In PDUs is handed over. */
  keepsDataIn = true;
  readonly #receive: Receive;
  readonly #header = Buffer.alloc(HEADER_BYTES + DIGEST_BYTES);
  #state: typeof HEADER | typeof DATA = HEADER;
  #filled = 0;
  #dataLength_bytes = 0;
  /** Padding and digest included. */
  #wanted_bytes = 0;
  #keeps = false;
  #data = Buffer.alloc(8192 + DIGEST_BYTES);

  constructor(receive: Receive) {
    this.#receive = receive;
  }

  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) {
      at += this.#state === HEADER ? this.#takeHeader(chunk, at) : this.#takeData(chunk, at);
    }
  }

  #takeHeader(chunk: Buffer, at: number): number {
    const wanted = HEADER_BYTES + (this.digests ? DIGEST_BYTES : 0);
    const length = Math.min(wanted - this.#filled, chunk.length - at);
    chunk.copy(this.#header, this.#filled, at, at + length);
    this.#filled += length;
    if (this.#filled < wanted) return length;
    this.#filled = 0;
    if (this.digests) check(this.#header.subarray(0, wanted), 'header');
    const header = this.#header;
    this.#dataLength_bytes = header.readUIntBE(5, 3);
    if (this.#dataLength_bytes === 0) {
      this.#receive(header, header.subarray(0, 0), 0);
      return length;
    }
    this.#wanted_bytes = padded(this.#dataLength_bytes) + (this.digests ? DIGEST_BYTES : 0);
    this.#keeps = this.keepsDataIn || this.digests || header[0] !== OPCODE.dataIn;
    if (this.#keeps && this.#data.length < this.#wanted_bytes) this.#data = Buffer.alloc(this.#wanted_bytes);
    this.#state = DATA;
    return length;
  }

  #takeData(chunk: Buffer, at: number): number {
    const length = Math.min(this.#wanted_bytes - this.#filled, chunk.length - at);
    if (this.#keeps) chunk.copy(this.#data, this.#filled, at, at + length);
    this.#filled += length;
    if (this.#filled < this.#wanted_bytes) return length;
    this.#filled = 0;
    this.#state = HEADER;
    if (this.digests) check(this.#data.subarray(0, this.#wanted_bytes), 'data');
    this.#receive(
      this.#header,
      this.#data.subarray(0, this.#keeps ? this.#dataLength_bytes : 0),
      this.#dataLength_bytes,
    );
    return length;
  }
}

/** A digest follows what it covers, padding included (RFC 7143 §11.2.3), and is little-endian. */
function check(segment: Buffer, kind: string): void {
  const covered = segment.length - DIGEST_BYTES;
  if (crc32c([segment.subarray(0, covered)]) !== segment.readUInt32LE(covered)) {
    throw new Error(`Cannot go on as the ${kind} digest of a PDU from the target is wrong`);
  }
}

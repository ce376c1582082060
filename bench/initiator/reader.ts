import { crc32c } from '@node-rs/crc32';
import { DIGEST_BYTES, HEADER_BYTES, OPCODE, padded } from './wire.ts';

const HEADER = 0;
const DATA = 1;
const NOTHING = Buffer.alloc(0);

/** The PDU's header starts at `at` of `bytes`. `data` is empty where the reader has skipped it. Valid during the call only. */
type Receive = (bytes: Buffer, at: number, data: Buffer, dataLength_bytes: number) => void;

/**
 * Cuts what a socket delivers into PDUs, without a copy where a PDU arrives in one piece. Under load the data of Data-In PDUs is
 * counted and dropped, or goes through its digest where it lies: a load generator that copied what it reads would measure itself.
 */
export class Reader {
  digests = false;
  /** Whether the data of Data-In PDUs is handed over. */
  keepsDataIn = true;
  readonly #receive: Receive;
  readonly #header = Buffer.alloc(HEADER_BYTES + DIGEST_BYTES);
  readonly #digest = Buffer.alloc(DIGEST_BYTES);
  #state: typeof HEADER | typeof DATA = HEADER;
  #filled = 0;
  #dataLength_bytes = 0;
  /** With padding. */
  #covered_bytes = 0;
  #wanted_bytes = 0;
  #keeps = false;
  #crc = 0;
  #data = Buffer.alloc(8192);

  constructor(receive: Receive) {
    this.#receive = receive;
  }

  /** Takes the first `end` bytes of what a socket has read; they may be overwritten afterwards. */
  push(chunk: Buffer, end: number = chunk.length): void {
    for (let at = 0; at < end; ) {
      at += this.#state === HEADER ? this.#takeHeader(chunk, at, end) : this.#takeData(chunk, at, end);
    }
  }

  #takeHeader(chunk: Buffer, at: number, end: number): number {
    if (!this.digests && this.#filled === 0 && end - at >= HEADER_BYTES) return this.#takeWholeHeader(chunk, at, end);
    const wanted = HEADER_BYTES + (this.digests ? DIGEST_BYTES : 0);
    const length = Math.min(wanted - this.#filled, end - at);
    chunk.copy(this.#header, this.#filled, at, at + length);
    this.#filled += length;
    if (this.#filled < wanted) return length;
    this.#filled = 0;
    if (this.digests) check(crc32c(this.#header.subarray(0, HEADER_BYTES)), this.#header, HEADER_BYTES, 'header');
    const dataLength_bytes = dataLengthOf(this.#header, 0);
    if (dataLength_bytes === 0) this.#receive(this.#header, 0, NOTHING, 0);
    else this.#expectData(dataLength_bytes);
    return length;
  }

  /** What nearly every PDU under load is: a header in one piece, with data that only counts, or none. */
  #takeWholeHeader(chunk: Buffer, at: number, end: number): number {
    const dataLength_bytes = dataLengthOf(chunk, at);
    const counts = dataLength_bytes === 0 || (chunk[at] === OPCODE.dataIn && !this.keepsDataIn);
    const length = HEADER_BYTES + padded(dataLength_bytes);
    if (counts && length <= end - at) {
      this.#receive(chunk, at, NOTHING, dataLength_bytes);
      return length;
    }
    chunk.copy(this.#header, 0, at, at + HEADER_BYTES);
    this.#expectData(dataLength_bytes);
    return HEADER_BYTES;
  }

  #expectData(dataLength_bytes: number): void {
    this.#dataLength_bytes = dataLength_bytes;
    this.#covered_bytes = padded(dataLength_bytes);
    this.#wanted_bytes = this.#covered_bytes + (this.digests ? DIGEST_BYTES : 0);
    this.#keeps = this.keepsDataIn || this.#header[0] !== OPCODE.dataIn;
    if (this.#keeps && this.#data.length < this.#covered_bytes) this.#data = Buffer.alloc(this.#covered_bytes);
    this.#crc = 0;
    this.#state = DATA;
  }

  #takeData(chunk: Buffer, at: number, end: number): number {
    const length = Math.min(this.#wanted_bytes - this.#filled, end - at);
    const covered = Math.max(0, Math.min(length, this.#covered_bytes - this.#filled));
    if (this.#keeps) chunk.copy(this.#data, this.#filled, at, at + covered);
    if (this.digests) {
      if (covered > 0) this.#crc = crc32c(chunk.subarray(at, at + covered), this.#crc);
      const digestAt = this.#filled + covered - this.#covered_bytes;
      if (length > covered) chunk.copy(this.#digest, digestAt, at + covered, at + length);
    }
    this.#filled += length;
    if (this.#filled < this.#wanted_bytes) return length;
    this.#filled = 0;
    this.#state = HEADER;
    if (this.digests) check(this.#crc, this.#digest, 0, 'data');
    const data = this.#keeps ? this.#data.subarray(0, this.#dataLength_bytes) : NOTHING;
    this.#receive(this.#header, 0, data, this.#dataLength_bytes);
    return length;
  }
}

function dataLengthOf(bytes: Buffer, at: number): number {
  return ((bytes[at + 5] as number) << 16) | ((bytes[at + 6] as number) << 8) | (bytes[at + 7] as number);
}

/** A digest follows what it covers, padding included (RFC 7143 §11.2.3), and is little-endian. */
function check(crc: number, digest: Buffer, at: number, kind: string): void {
  if (crc !== digest.readUInt32LE(at)) {
    throw new Error(`The ${kind} digest of a PDU from the target is wrong`);
  }
}

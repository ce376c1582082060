import { crc32c } from './crc32c.ts';
import { ProtocolError } from './protocol-error.ts';

const BASIC_HEADER_BYTES = 48;
/** Chunks below this length are gathered: a peer that sends byte by byte would else have us keep and search one buffer for each. */
const SMALL_CHUNK_BYTES = 1_024;
const GATHER_BYTES = 16_384;

/** One PDU as it came: the data is not copied, it is cut out of the chunks that were pushed. */
export interface Frame {
  /** Basic header segment, 48 bytes. */
  readonly header: Buffer;
  /** Additional header segments, padded; empty for nearly every PDU. */
  readonly additionalHeader: Buffer;
  readonly data: readonly Buffer[];
  readonly dataLength_bytes: number;
}

/**
 * Cuts a byte stream into PDUs and checks their digests. Free of I/O.
 *
 *     48 bytes    basic header: [4] TotalAHSLength in words, [5..7] DataSegmentLength in bytes
 *     4n bytes    additional headers
 *     4 bytes     header digest, if negotiated
 *     n bytes     data segment, padded to 4
 *     4 bytes     data digest, if negotiated and the data segment is not empty
 *
 * Source: RFC 7143 §11.2.
 */
export class Framer {
  headerDigest = false;
  dataDigest = false;
  maxDataSegment_bytes: number;
  readonly #onFrame: (frame: Frame) => void;
  #chunks: Buffer[] = [];
  /** Where small chunks are gathered: only ever added to, so what was cut out of it stays as it is. */
  #gather: Buffer = Buffer.alloc(0);
  #gathered_bytes = 0;
  #available_bytes = 0;
  #header: Buffer | undefined;
  #additionalHeader: Buffer = Buffer.alloc(0);

  constructor(maxDataSegment_bytes: number, onFrame: (frame: Frame) => void) {
    this.maxDataSegment_bytes = maxDataSegment_bytes;
    this.#onFrame = onFrame;
  }

  /**
   * Calls the handler for each PDU that is whole, in order. The chunk must not be changed afterwards.
   * @throws ProtocolError when a length is over its bound or a digest is wrong: with ErrorRecoveryLevel 0 the connection ends (RFC 7143 §7.7).
   */
  push(chunk: Buffer): void {
    if (chunk.length < SMALL_CHUNK_BYTES && this.#available_bytes > 0) this.#append(chunk);
    else this.#chunks.push(chunk);
    this.#available_bytes += chunk.length;
    while (this.#next());
  }

  #append(chunk: Buffer): void {
    const last = this.#chunks.at(-1);
    const start = this.#gathered_bytes;
    const isAtEnd =
      last?.buffer === this.#gather.buffer && last.byteOffset + last.length === this.#gather.byteOffset + start;
    if (start + chunk.length > this.#gather.length) {
      this.#gather = Buffer.allocUnsafeSlow(GATHER_BYTES);
      this.#gathered_bytes = chunk.copy(this.#gather);
      this.#chunks.push(this.#gather.subarray(0, chunk.length));
      return;
    }
    this.#gathered_bytes += chunk.copy(this.#gather, start);
    const length = isAtEnd ? last.length + chunk.length : chunk.length;
    const gathered = this.#gather.subarray(this.#gathered_bytes - length, this.#gathered_bytes);
    if (isAtEnd) this.#chunks[this.#chunks.length - 1] = gathered;
    else this.#chunks.push(gathered);
  }

  #next(): boolean {
    if (!this.#header && !this.#takeHeader()) return false;
    const header = this.#header as Buffer;
    const length = header.readUIntBE(5, 3);
    const padded = (length + 3) & ~3;
    const digest_bytes = this.dataDigest && length > 0 ? 4 : 0;
    if (this.#available_bytes < padded + digest_bytes) return false;

    const data = this.#take(length);
    const padding = this.#take(padded - length);
    if (digest_bytes > 0 && this.#takeOne(4).readUInt32LE(0) !== crc32c([...data, ...padding])) {
      throw new ProtocolError('The data digest of a PDU is wrong');
    }
    this.#header = undefined;
    this.#onFrame({ header, additionalHeader: this.#additionalHeader, data, dataLength_bytes: length });
    return true;
  }

  #takeHeader(): boolean {
    if (this.#available_bytes < BASIC_HEADER_BYTES) return false;
    const additional_bytes = this.#peek(4) * 4;
    const digest_bytes = this.headerDigest ? 4 : 0;
    if (this.#available_bytes < BASIC_HEADER_BYTES + additional_bytes + digest_bytes) return false;

    const header = this.#takeOne(BASIC_HEADER_BYTES);
    const additionalHeader = this.#takeOne(additional_bytes);
    if (this.headerDigest && this.#takeOne(4).readUInt32LE(0) !== crc32c([header, additionalHeader])) {
      throw new ProtocolError('The header digest of a PDU is wrong');
    }
    const length = header.readUIntBE(5, 3);
    if (length > this.maxDataSegment_bytes) {
      throw new ProtocolError(
        `The data segment of a PDU must not be over ${this.maxDataSegment_bytes} bytes: it is ${length}`,
      );
    }
    this.#header = header;
    this.#additionalHeader = additionalHeader;
    return true;
  }

  #peek(offset: number): number {
    let at = offset;
    for (const chunk of this.#chunks) {
      if (at < chunk.length) return chunk[at] as number;
      at -= chunk.length;
    }
    throw new RangeError(`Cannot peek at byte ${offset} of ${this.#available_bytes}`);
  }

  /** Contiguous, so copied where it lies in more than one chunk: headers and digests only. */
  #takeOne(length: number): Buffer {
    const parts = this.#take(length);
    return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts, length);
  }

  #take(length: number): Buffer[] {
    const parts: Buffer[] = [];
    let missing = length;
    while (missing > 0) {
      const chunk = this.#chunks[0] as Buffer;
      if (chunk.length <= missing) {
        parts.push(chunk);
        this.#chunks.shift();
        missing -= chunk.length;
      } else {
        parts.push(chunk.subarray(0, missing));
        this.#chunks[0] = chunk.subarray(missing);
        missing = 0;
      }
    }
    this.#available_bytes -= length;
    return parts;
  }
}

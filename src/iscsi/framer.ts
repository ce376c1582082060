import { BufferPool } from '../std/buffer-pool.ts';
import { crc32c } from './crc32c.ts';
import { ProtocolError } from './protocol-error.ts';

const BASIC_HEADER_BYTES = 48;
const DIGEST_BYTES = 4;
const NOTHING: Buffer = Buffer.alloc(0);
const NO_DATA: readonly Buffer[] = [];

/** One received PDU, in its own memory. */
export interface Frame {
  /** Basic header segment, 48 bytes. */
  readonly header: Buffer;
  /** Additional header segments, padded; empty for nearly every PDU. */
  readonly additionalHeader: Buffer;
  /** One piece, from the pool; no piece if there is no data. */
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
 * Every part is copied to its final place as it arrives. So the socket can be read into the same memory every time, and for a peer
 * that sends byte by byte only its PDU is kept. A copy costs less than new memory for each chunk.
 *
 * Source: RFC 7143 §11.2.
 */
export class Framer {
  headerDigest = false;
  dataDigest = false;
  maxDataSegment_bytes: number;
  readonly #onFrame: (frame: Frame) => void;
  readonly #pool: BufferPool;
  #header: Buffer = NOTHING;
  /** Additional headers and header digest. */
  #headerRest: Buffer = NOTHING;
  #data: Buffer = NOTHING;
  /** Padding and data digest. */
  #dataRest: Buffer = NOTHING;
  /** The part that is being filled, and how far. */
  #part: Buffer = NOTHING;
  #filled_bytes = 0;
  #whenFilled: () => void = () => {};

  /** @param pool Provides the memory of data segments. The last user of a segment may return it. */
  constructor(maxDataSegment_bytes: number, onFrame: (frame: Frame) => void, pool = new BufferPool()) {
    this.maxDataSegment_bytes = maxDataSegment_bytes;
    this.#onFrame = onFrame;
    this.#pool = pool;
    this.#begin();
  }

  /**
   * Calls the handler for each complete PDU, in order. Keeps no reference to the chunk.
   * @throws ProtocolError if a length exceeds its limit or a digest is wrong: with ErrorRecoveryLevel 0 the connection ends (RFC 7143 §7.7).
   */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      const count = Math.min(this.#part.length - this.#filled_bytes, chunk.length - at);
      chunk.copy(this.#part, this.#filled_bytes, at, at + count);
      this.#filled_bytes += count;
      at += count;
      if (this.#filled_bytes === this.#part.length) this.#whenFilled();
    }
  }

  /** Fills this part next; at once where it is empty. */
  #fill(part: Buffer, whenFilled: () => void): void {
    this.#part = part;
    this.#filled_bytes = 0;
    this.#whenFilled = whenFilled;
    if (part.length === 0) whenFilled();
  }

  #begin(): void {
    this.#header = Buffer.allocUnsafe(BASIC_HEADER_BYTES);
    this.#fill(this.#header, this.#takeHeader);
  }

  readonly #takeHeader = (): void => {
    const additional_bytes = (this.#header[4] as number) * 4;
    const rest_bytes = additional_bytes + (this.headerDigest ? DIGEST_BYTES : 0);
    this.#headerRest = rest_bytes === 0 ? NOTHING : Buffer.allocUnsafe(rest_bytes);
    this.#fill(this.#headerRest, this.#takeHeaderRest);
  };

  readonly #takeHeaderRest = (): void => {
    if (this.headerDigest) {
      const additional_bytes = this.#headerRest.length - DIGEST_BYTES;
      const additional = this.#headerRest.subarray(0, additional_bytes);
      if (this.#headerRest.readUInt32LE(additional_bytes) !== crc32c([this.#header, additional])) {
        throw new ProtocolError('Wrong header digest');
      }
      this.#headerRest = additional;
    }
    const length_bytes = this.#header.readUIntBE(5, 3);
    if (length_bytes > this.maxDataSegment_bytes) {
      throw new ProtocolError(
        `A data segment of ${length_bytes} bytes exceeds the limit of ${this.maxDataSegment_bytes} bytes`,
      );
    }
    this.#data = length_bytes === 0 ? NOTHING : this.#pool.take(length_bytes);
    this.#fill(this.#data, this.#takeData);
  };

  readonly #takeData = (): void => {
    const length_bytes = this.#data.length;
    const digest_bytes = this.dataDigest && length_bytes > 0 ? DIGEST_BYTES : 0;
    const rest_bytes = (-length_bytes & 3) + digest_bytes;
    this.#dataRest = rest_bytes === 0 ? NOTHING : Buffer.allocUnsafe(rest_bytes);
    this.#fill(this.#dataRest, this.#takeDataRest);
  };

  readonly #takeDataRest = (): void => {
    const data = this.#data;
    if (this.dataDigest && data.length > 0) {
      const padding_bytes = this.#dataRest.length - DIGEST_BYTES;
      const padding = this.#dataRest.subarray(0, padding_bytes);
      if (this.#dataRest.readUInt32LE(padding_bytes) !== crc32c([data, padding])) {
        throw new ProtocolError('Wrong data digest');
      }
    }
    const frame = {
      header: this.#header,
      additionalHeader: this.#headerRest,
      data: data.length === 0 ? NO_DATA : [data],
      dataLength_bytes: data.length,
    };
    this.#data = NOTHING;
    this.#begin();
    this.#onFrame(frame);
  };
}

/**
 * The parts of XDR (RFC 4506) that NFS and ONC RPC need: everything is big-endian and padded to a multiple of four bytes.
 */
const UNIT_bytes = 4;

function paddedLength_bytes(length_bytes: number): number {
  return Math.ceil(length_bytes / UNIT_bytes) * UNIT_bytes;
}

/** Appends XDR items to a message. Every method returns the writer, so that a layout reads as one chain. */
export class XdrWriter {
  readonly #parts: Buffer[] = [];

  /** Unsigned integer, enumeration or boolean (RFC 4506 §4.2, §4.3, §4.4). */
  uint32(value: number): this {
    const part = Buffer.alloc(UNIT_bytes);
    part.writeUInt32BE(value);
    this.#parts.push(part);
    return this;
  }

  /** Unsigned hyper integer (RFC 4506 §4.5). */
  uint64(value: bigint): this {
    const part = Buffer.alloc(2 * UNIT_bytes);
    part.writeBigUInt64BE(value);
    this.#parts.push(part);
    return this;
  }

  /** Fixed-length opaque data, without a length in front (RFC 4506 §4.9). */
  fixedOpaque(value: Buffer): this {
    this.#parts.push(value, Buffer.alloc(paddedLength_bytes(value.length) - value.length));
    return this;
  }

  /** Variable-length opaque data or a string: length, bytes, padding (RFC 4506 §4.10, §4.11). */
  opaque(value: Buffer | string): this {
    const bytes = Buffer.from(value);
    return this.uint32(bytes.length).fixedOpaque(bytes);
  }

  toBuffer(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

/** Takes XDR items off a message, one after the other. Throws a `RangeError` where the message is too short for what it claims. */
export class XdrReader {
  readonly #message: Buffer;
  #offset = 0;

  constructor(message: Buffer) {
    this.#message = message;
  }

  uint32(): number {
    return this.#take(UNIT_bytes).readUInt32BE();
  }

  fixedOpaque(length_bytes: number): Buffer {
    return this.#take(paddedLength_bytes(length_bytes)).subarray(0, length_bytes);
  }

  opaque(): Buffer {
    return this.fixedOpaque(this.uint32());
  }

  #take(length_bytes: number): Buffer {
    const end = this.#offset + length_bytes;
    if (end > this.#message.length) {
      throw new RangeError(
        `Cannot read ${length_bytes} bytes of XDR at offset ${this.#offset}: the message has only ${this.#message.length}`,
      );
    }
    const part = this.#message.subarray(this.#offset, end);
    this.#offset = end;
    return part;
  }
}

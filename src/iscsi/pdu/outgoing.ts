/** An outgoing PDU. The writer adds padding, lengths and digests. */
export interface OutgoingPdu {
  /** Basic header segment, 48 bytes; the writer fills in the data segment's length. */
  readonly header: Buffer;
  readonly data: readonly Buffer[];
  readonly dataLength_bytes: number;
}

/**
 * The sequence numbers in every PDU of the target (RFC 7143 §11.2.2 ff.): the session fills them in when it sends.
 *
 *     24..27 StatSN    28..31 ExpCmdSN    32..35 MaxCmdSN
 */
export interface Numbering {
  statSn: number;
  expCmdSn: number;
  maxCmdSn: number;
}

const NO_DATA: readonly Buffer[] = [];

/** A header of zeroes with its opcode, flags and Initiator Task Tag. */
export function outgoingHeader(opcode: number, flags: number, initiatorTaskTag: number): Buffer {
  // From shared memory: copying such a small buffer with its own memory would first allocate that memory.
  const header = Buffer.allocUnsafe(48).fill(0);
  header[0] = opcode;
  header[1] = flags;
  header.writeUInt32BE(initiatorTaskTag, 16);
  return header;
}

export function writeNumbering(header: Buffer, numbering: Numbering): void {
  header.writeUInt32BE(numbering.statSn, 24);
  header.writeUInt32BE(numbering.expCmdSn, 28);
  header.writeUInt32BE(numbering.maxCmdSn, 32);
}

export function withoutData(header: Buffer): OutgoingPdu {
  return { header, data: NO_DATA, dataLength_bytes: 0 };
}

export function withData(header: Buffer, data: Buffer): OutgoingPdu {
  return { header, data: [data], dataLength_bytes: data.length };
}

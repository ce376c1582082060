/** A PDU on its way out. Padding, lengths and digests are the writer's part. */
export interface OutgoingPdu {
  /** Basic header segment, 48 bytes; the writer fills in the data segment's length. */
  readonly header: Buffer;
  readonly data: readonly Buffer[];
  readonly dataLength_bytes: number;
}

/**
 * What every PDU of the target tells about the numbering (RFC 7143 §11.2.2 ff.): the session fills it in at the moment of sending.
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
  // From memory that many share: a copy of so small a buffer with memory of its own would first have that allocated.
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

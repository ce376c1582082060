/** A range of logical blocks as a CDB names it. */
export interface BlockRange {
  /** Exact up to 2^53; larger addresses lose low bits but stay larger than any capacity. */
  lba: number;
  blockCount: number;
}

/** A 64-bit big-endian field as a number: exact up to 2^53. */
export function uint64At(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4);
}

/**
 * The logical block address and transfer length of the READ, WRITE and VERIFY families, by the group code in the opcode's
 * top bits (SPC-4 §4.2.5.1).
 *
 *     6 bytes:  1.4-3 lba (21 bits)   4 length (0 means 256)
 *     10 bytes: 2-5 lba               7-8 length
 *     12 bytes: 2-5 lba               6-9 length
 *     16 bytes: 2-9 lba               10-13 length
 */
export function blockRangeOf(cdb: Buffer): BlockRange {
  const group = (cdb[0] ?? 0) >> 5;
  if (group === 4) return { lba: uint64At(cdb, 2), blockCount: cdb.readUInt32BE(10) };
  if (group === 5) return { lba: cdb.readUInt32BE(2), blockCount: cdb.readUInt32BE(6) };
  if (group === 0) return { lba: cdb.readUIntBE(1, 3) & 0x1f_ffff, blockCount: cdb[4] || 256 };
  return { lba: cdb.readUInt32BE(2), blockCount: cdb.readUInt16BE(7) };
}

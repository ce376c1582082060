import { OPCODE } from './opcode.ts';
import { type OutgoingPdu, outgoingHeader, withoutData } from './outgoing.ts';

export interface ReadyToTransfer {
  /** The 8-byte LUN field of the command. */
  lun: number;
  initiatorTaskTag: number;
  targetTransferTag: number;
  r2tSn: number;
  bufferOffset_bytes: number;
  desiredLength_bytes: number;
}

/**
 * Ready To Transfer (RFC 7143 §11.8)
 *
 *     0  opcode 0x31     1  0x80    8..15  LUN
 *     16..19  Initiator Task Tag   20..23  Target Transfer Tag
 *     24..27  StatSN (next, not consumed)   28..31  ExpCmdSN   32..35  MaxCmdSN
 *     36..39  R2TSN   40..43  Buffer Offset   44..47  Desired Data Transfer Length
 */
export function encodeR2t(r2t: ReadyToTransfer): OutgoingPdu {
  const header = outgoingHeader(OPCODE.r2t, 0x80, r2t.initiatorTaskTag);
  writeLun(header, r2t.lun);
  header.writeUInt32BE(r2t.targetTransferTag, 20);
  header.writeUInt32BE(r2t.r2tSn, 36);
  header.writeUInt32BE(r2t.bufferOffset_bytes, 40);
  header.writeUInt32BE(r2t.desiredLength_bytes, 44);
  return withoutData(header);
}

/** Peripheral addressing, as initiators use it for numbers below 256. */
export function writeLun(header: Buffer, lun: number): void {
  header.writeUInt16BE(lun < 256 ? lun : 0x4000 | lun, 8);
}

import type { Frame } from '../framer.ts';
import { OPCODE, RESERVED_TAG } from './opcode.ts';
import { type OutgoingPdu, outgoingHeader, withData, withoutData } from './outgoing.ts';
import { writeLun } from './r2t.ts';

/**
 * NOP-Out (RFC 7143 §11.18): a ping or, with a reserved Initiator Task Tag, the answer to the target's ping.
 *
 *     0  .I opcode 0x00     1  0x80    5..7  DataSegmentLength    8..15  LUN
 *     16..19  Initiator Task Tag   20..23  Target Transfer Tag   24..27  CmdSN   28..31  ExpStatSN
 */
export interface NopOut {
  readonly kind: 'nop-out';
  readonly immediate: boolean;
  readonly initiatorTaskTag: number;
  readonly targetTransferTag: number;
  readonly cmdSn: number;
  readonly expStatSn: number;
  readonly data: readonly Buffer[];
  readonly dataLength_bytes: number;
}

export function decodeNopOut({ header, data, dataLength_bytes }: Frame): NopOut {
  return {
    kind: 'nop-out',
    immediate: ((header[0] as number) & 0x40) !== 0,
    initiatorTaskTag: header.readUInt32BE(16),
    targetTransferTag: header.readUInt32BE(20),
    cmdSn: header.readUInt32BE(24),
    expStatSn: header.readUInt32BE(28),
    data,
    dataLength_bytes,
  };
}

/**
 * NOP-In (RFC 7143 §11.19)
 *
 *     0  opcode 0x20     1  0x80    5..7  DataSegmentLength    8..15  LUN
 *     16..19  Initiator Task Tag   20..23  Target Transfer Tag   24..27  StatSN   28..31  ExpCmdSN   32..35  MaxCmdSN
 */
export function encodeNopInAnswer(initiatorTaskTag: number, echo: Buffer): OutgoingPdu {
  const header = outgoingHeader(OPCODE.nopIn, 0x80, initiatorTaskTag);
  header.writeUInt32BE(RESERVED_TAG, 20);
  return echo.length > 0 ? withData(header, echo) : withoutData(header);
}

/** A ping of the target's own; the initiator answers with the same Target Transfer Tag and LUN. It consumes no StatSN. */
export function encodeNopInPing(targetTransferTag: number, lun: number): OutgoingPdu {
  const header = outgoingHeader(OPCODE.nopIn, 0x80, RESERVED_TAG);
  writeLun(header, lun);
  header.writeUInt32BE(targetTransferTag, 20);
  return withoutData(header);
}

import type { Frame } from '../framer.ts';
import { OPCODE } from './opcode.ts';
import { type OutgoingPdu, outgoingHeader, withData } from './outgoing.ts';

/**
 * Text Request (RFC 7143 §11.10)
 *
 *     0  .I opcode 0x04     1  F C . . . . . .    5..7  DataSegmentLength    8..15  LUN
 *     16..19  Initiator Task Tag   20..23  Target Transfer Tag   24..27  CmdSN   28..31  ExpStatSN
 */
export interface TextRequest {
  readonly kind: 'text-request';
  readonly immediate: boolean;
  readonly final: boolean;
  /** C: the text continues in the next request. */
  readonly continues: boolean;
  readonly initiatorTaskTag: number;
  readonly targetTransferTag: number;
  readonly cmdSn: number;
  readonly expStatSn: number;
  readonly data: readonly Buffer[];
  readonly dataLength_bytes: number;
}

export function decodeTextRequest({ header, data, dataLength_bytes }: Frame): TextRequest {
  const flags = header[1] as number;
  return {
    kind: 'text-request',
    immediate: ((header[0] as number) & 0x40) !== 0,
    final: (flags & 0x80) !== 0,
    continues: (flags & 0x40) !== 0,
    initiatorTaskTag: header.readUInt32BE(16),
    targetTransferTag: header.readUInt32BE(20),
    cmdSn: header.readUInt32BE(24),
    expStatSn: header.readUInt32BE(28),
    data,
    dataLength_bytes,
  };
}

export interface TextResponse {
  final: boolean;
  continues: boolean;
  initiatorTaskTag: number;
  targetTransferTag: number;
  data: Buffer;
}

/**
 * Text Response (RFC 7143 §11.11)
 *
 *     0  opcode 0x24     1  F C . . . . . .    5..7  DataSegmentLength
 *     16..19  Initiator Task Tag   20..23  Target Transfer Tag   24..35  numbering
 */
export function encodeTextResponse(response: TextResponse): OutgoingPdu {
  const flags = (response.final ? 0x80 : 0) | (response.continues ? 0x40 : 0);
  const header = outgoingHeader(OPCODE.textResponse, flags, response.initiatorTaskTag);
  header.writeUInt32BE(response.targetTransferTag, 20);
  return withData(header, response.data);
}

import type { Frame } from '../framer.ts';

/**
 * SCSI Data-Out (RFC 7143 §11.7)
 *
 *     0  opcode 0x05           1  F . . . . . . .    5..7  DataSegmentLength
 *     8..15  LUN              16..19  Initiator Task Tag
 *     20..23  Target Transfer Tag, 0xffffffff when unsolicited
 *     28..31  ExpStatSN       36..39  DataSN         40..43  Buffer Offset
 */
export interface DataOut {
  readonly kind: 'data-out';
  readonly final: boolean;
  readonly initiatorTaskTag: number;
  readonly targetTransferTag: number;
  readonly expStatSn: number;
  readonly dataSn: number;
  readonly bufferOffset_bytes: number;
  readonly data: readonly Buffer[];
  readonly dataLength_bytes: number;
}

export function decodeDataOut({ header, data, dataLength_bytes }: Frame): DataOut {
  return {
    kind: 'data-out',
    final: ((header[1] as number) & 0x80) !== 0,
    initiatorTaskTag: header.readUInt32BE(16),
    targetTransferTag: header.readUInt32BE(20),
    expStatSn: header.readUInt32BE(28),
    dataSn: header.readUInt32BE(36),
    bufferOffset_bytes: header.readUInt32BE(40),
    data,
    dataLength_bytes,
  };
}

import type { Frame } from '../framer.ts';
import { decodeLun } from './lun.ts';

/**
 * SCSI Command (RFC 7143 §11.3)
 *
 *     0  .I opcode 0x01        1  F R W . . ATTR     4  TotalAHSLength   5..7  DataSegmentLength
 *     8..15  LUN              16..19  Initiator Task Tag
 *     20..23  Expected Data Transfer Length
 *     24..27  CmdSN           28..31  ExpStatSN
 *     32..47  CDB             48..  additional headers, then immediate data
 */
export interface ScsiCommand {
  readonly kind: 'scsi-command';
  readonly immediate: boolean;
  /** F: no unsolicited Data-Out follows. */
  readonly final: boolean;
  readonly read: boolean;
  readonly write: boolean;
  readonly lun: number | undefined;
  readonly initiatorTaskTag: number;
  readonly expectedLength_bytes: number;
  readonly cmdSn: number;
  readonly expStatSn: number;
  readonly cdb: Buffer;
  readonly data: readonly Buffer[];
  readonly dataLength_bytes: number;
}

/** AHS type 1, RFC 7143 §11.2.2.3: the CDB's bytes after the 16th. */
const EXTENDED_CDB = 1;

export function decodeScsiCommand(frame: Frame): ScsiCommand {
  const { header } = frame;
  const flags = header[1] as number;
  return {
    kind: 'scsi-command',
    immediate: ((header[0] as number) & 0x40) !== 0,
    final: (flags & 0x80) !== 0,
    read: (flags & 0x40) !== 0,
    write: (flags & 0x20) !== 0,
    lun: decodeLun(header),
    initiatorTaskTag: header.readUInt32BE(16),
    expectedLength_bytes: header.readUInt32BE(20),
    cmdSn: header.readUInt32BE(24),
    expStatSn: header.readUInt32BE(28),
    cdb: frame.additionalHeader.length === 0 ? header.subarray(32, 48) : extendedCdb(header, frame.additionalHeader),
    data: frame.data,
    dataLength_bytes: frame.dataLength_bytes,
  };
}

/** Additional headers: 2 bytes length (without its own three bytes), 1 byte type, 1 byte specific, padded to 4. */
function extendedCdb(header: Buffer, additional: Buffer): Buffer {
  const short = header.subarray(32, 48);
  if (additional.length < 4 || ((additional[2] as number) & 0x3f) !== EXTENDED_CDB) return short;
  const end = 3 + additional.readUInt16BE(0);
  return Buffer.concat([short, additional.subarray(4, end)]);
}

import { OPCODE } from './opcode.ts';
import { type OutgoingPdu, outgoingHeader } from './outgoing.ts';
import { type Residual_bytes, residualFlags, writeResidual } from './scsi-response.ts';

export interface DataIn {
  initiatorTaskTag: number;
  /** Ends a sequence (a burst). */
  final: boolean;
  dataSn: number;
  bufferOffset_bytes: number;
  data: readonly Buffer[];
  dataLength_bytes: number;
  /** The status, on the last PDU of a successful command: no SCSI Response follows (S bit). */
  status: { status: number; residual_bytes: Residual_bytes } | undefined;
}

/**
 * SCSI Data-In (RFC 7143 §11.7)
 *
 *     0  opcode 0x25     1  F A . . . O U S    3  Status, with S     5..7  DataSegmentLength
 *     16..19  Initiator Task Tag   20..23  Target Transfer Tag 0xffffffff
 *     24..27  StatSN, with S       28..31  ExpCmdSN   32..35  MaxCmdSN
 *     36..39  DataSN   40..43  Buffer Offset   44..47  Residual Count, with S
 */
export function encodeDataIn(dataIn: DataIn): OutgoingPdu {
  let flags = dataIn.final ? 0x80 : 0;
  if (dataIn.status) flags |= 0x01 | residualFlags(dataIn.status.residual_bytes);
  const header = outgoingHeader(OPCODE.dataIn, flags, dataIn.initiatorTaskTag);
  header.writeUInt32BE(0xffffffff, 20);
  header.writeUInt32BE(dataIn.dataSn, 36);
  header.writeUInt32BE(dataIn.bufferOffset_bytes, 40);
  if (dataIn.status) {
    header[3] = dataIn.status.status;
    writeResidual(header, dataIn.status.residual_bytes);
  }
  return { header, data: dataIn.data, dataLength_bytes: dataIn.dataLength_bytes };
}

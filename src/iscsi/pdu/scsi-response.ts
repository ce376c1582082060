import { OPCODE } from './opcode.ts';
import { type OutgoingPdu, outgoingHeader, withData, withoutData } from './outgoing.ts';

/** The difference between the length an initiator expected and what the command moved. Positive: underflow; negative: overflow. */
export type Residual_bytes = number;

const OVERFLOW = 0x04;
const UNDERFLOW = 0x02;

export interface ScsiResponse {
  initiatorTaskTag: number;
  /** SAM-5 status. */
  status: number;
  sense: Buffer | undefined;
  residual_bytes: Residual_bytes;
  /** The number of Data-In PDUs and R2Ts that were sent for the command. */
  expDataSn: number;
}

/**
 * SCSI Response (RFC 7143 §11.4)
 *
 *     0  opcode 0x21     1  1 . . o u O U .    2  Response 0x00 (completed at target)    3  Status
 *     16..19  Initiator Task Tag   24..27  StatSN   28..31  ExpCmdSN   32..35  MaxCmdSN
 *     36..39  ExpDataSN            44..47  Residual Count
 *     48..49  SenseLength, then the sense data
 */
export function encodeScsiResponse(response: ScsiResponse): OutgoingPdu {
  const header = outgoingHeader(
    OPCODE.scsiResponse,
    0x80 | residualFlags(response.residual_bytes),
    response.initiatorTaskTag,
  );
  header[3] = response.status;
  header.writeUInt32BE(response.expDataSn, 36);
  writeResidual(header, response.residual_bytes);
  if (!response.sense) return withoutData(header);
  const data = Buffer.allocUnsafe(2 + response.sense.length);
  data.writeUInt16BE(response.sense.length, 0);
  response.sense.copy(data, 2);
  return withData(header, data);
}

/** O and U: RFC 7143 §11.4.5.1. */
export function residualFlags(residual_bytes: Residual_bytes): number {
  if (residual_bytes === 0) return 0;
  return residual_bytes > 0 ? UNDERFLOW : OVERFLOW;
}

export function writeResidual(header: Buffer, residual_bytes: Residual_bytes): void {
  header.writeUInt32BE(Math.min(Math.abs(residual_bytes), 0xffffffff), 44);
}

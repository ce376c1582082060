import { OPCODE, RESERVED_TAG } from './opcode.ts';
import { type OutgoingPdu, outgoingHeader, withData } from './outgoing.ts';

/** RFC 7143 §11.17.1. */
export const REJECT_REASON = {
  snack: 0x03,
  protocolError: 0x04,
  commandNotSupported: 0x05,
  tooManyImmediateCommands: 0x06,
  taskInProgress: 0x07,
  invalidField: 0x09,
} as const;

/**
 * Reject (RFC 7143 §11.17)
 *
 *     0  opcode 0x3f     1  0x80    2  Reason    16..19  0xffffffff   24..35  numbering   36..39  DataSN
 *     48..  the header that was rejected
 */
export function encodeReject(reason: number, rejectedHeader: Buffer): OutgoingPdu {
  const header = outgoingHeader(OPCODE.reject, 0x80, RESERVED_TAG);
  header[2] = reason;
  return withData(header, rejectedHeader);
}

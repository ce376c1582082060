import type { Frame } from '../framer.ts';
import { OPCODE } from './opcode.ts';
import { type OutgoingPdu, outgoingHeader, withoutData } from './outgoing.ts';

/** RFC 7143 §11.14.1. */
export const LOGOUT_REASON = { closeSession: 0, closeConnection: 1, removeForRecovery: 2 } as const;

/** RFC 7143 §11.15.1. */
export const LOGOUT_RESPONSE = { closed: 0, cidNotFound: 1, recoveryNotSupported: 2 } as const;

/**
 * Logout Request (RFC 7143 §11.14)
 *
 *     0  .I opcode 0x06     1  1, Reason Code    16..19  Initiator Task Tag   20..21  CID   24..27  CmdSN   28..31  ExpStatSN
 */
export interface LogoutRequest {
  readonly kind: 'logout-request';
  readonly immediate: boolean;
  readonly reason: number;
  readonly initiatorTaskTag: number;
  readonly cid: number;
  readonly cmdSn: number;
  readonly expStatSn: number;
}

export function decodeLogoutRequest({ header }: Frame): LogoutRequest {
  return {
    kind: 'logout-request',
    immediate: ((header[0] as number) & 0x40) !== 0,
    reason: (header[1] as number) & 0x7f,
    initiatorTaskTag: header.readUInt32BE(16),
    cid: header.readUInt16BE(20),
    cmdSn: header.readUInt32BE(24),
    expStatSn: header.readUInt32BE(28),
  };
}

/**
 * Logout Response (RFC 7143 §11.15)
 *
 *     0  opcode 0x26     1  0x80    2  Response    16..19  Initiator Task Tag   24..35  numbering
 *     40..41  Time2Wait   42..43  Time2Retain: both 0, a new login is welcome at once and nothing is kept
 */
export function encodeLogoutResponse(initiatorTaskTag: number, response: number): OutgoingPdu {
  const header = outgoingHeader(OPCODE.logoutResponse, 0x80, initiatorTaskTag);
  header[2] = response;
  return withoutData(header);
}

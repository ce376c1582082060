import { OPCODE, RESERVED_TAG } from './opcode.ts';
import { type OutgoingPdu, outgoingHeader, withoutData } from './outgoing.ts';

/** RFC 7143 §11.9.1: the target requests a logout; the target will drop all connections of this session. */
const LOGOUT_REQUESTED = 1;
const DROPPING_SESSION = 3;

/**
 * Asynchronous Message (RFC 7143 §11.9)
 *
 *     0  opcode 0x32     1  0x80    8..15  LUN, reserved here   16..19  0xffffffff
 *     24..35  numbering   36  AsyncEvent   37  AsyncVCode
 *     38..39  Parameter1  40..41  Parameter2: Time2Wait, s   42..43  Parameter3: Time2Retain, or the time to log out in, s
 */
export function encodeLogoutRequested(within_s: number): OutgoingPdu {
  const header = outgoingHeader(OPCODE.asyncMessage, 0x80, RESERVED_TAG);
  header[36] = LOGOUT_REQUESTED;
  header.writeUInt16BE(within_s, 42);
  return withoutData(header);
}

/** The initiator may come back after `timeToWait_s`. */
export function encodeDroppingSession(timeToWait_s: number): OutgoingPdu {
  const header = outgoingHeader(OPCODE.asyncMessage, 0x80, RESERVED_TAG);
  header[36] = DROPPING_SESSION;
  header.writeUInt16BE(timeToWait_s, 40);
  return withoutData(header);
}

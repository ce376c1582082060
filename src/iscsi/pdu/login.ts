import type { Frame } from '../framer.ts';
import { OPCODE } from './opcode.ts';
import { type OutgoingPdu, outgoingHeader, withData } from './outgoing.ts';

/** RFC 7143 §11.12.3. */
export const STAGE = { security: 0, operational: 1, fullFeature: 3 } as const;

/** Status class and detail as one number: RFC 7143 §11.13.5. */
export const LOGIN_STATUS = {
  success: 0x0000,
  movedTemporarily: 0x0101,
  initiatorError: 0x0200,
  authenticationFailure: 0x0201,
  targetRemoved: 0x0204,
  unsupportedVersion: 0x0205,
  missingParameter: 0x0207,
  targetNotFound: 0x0203,
  sessionTypeNotSupported: 0x0209,
  sessionDoesNotExist: 0x020a,
  serviceUnavailable: 0x0301,
  outOfResources: 0x0302,
} as const;

/**
 * Login Request (RFC 7143 §11.12)
 *
 *     0  I opcode 0x43     1  T C . . CSG NSG    2  Version-max    3  Version-min    5..7  DataSegmentLength
 *     8..13  ISID   14..15  TSIH   16..19  Initiator Task Tag   20..21  CID   24..27  CmdSN   28..31  ExpStatSN
 */
export interface LoginRequest {
  readonly kind: 'login-request';
  readonly transit: boolean;
  readonly continues: boolean;
  readonly currentStage: number;
  readonly nextStage: number;
  readonly versionMin: number;
  /** As hexadecimal digits. */
  readonly isid: string;
  readonly tsih: number;
  readonly initiatorTaskTag: number;
  readonly cid: number;
  readonly cmdSn: number;
  readonly expStatSn: number;
  readonly data: readonly Buffer[];
  readonly dataLength_bytes: number;
}

export function decodeLoginRequest({ header, data, dataLength_bytes }: Frame): LoginRequest {
  const flags = header[1] as number;
  return {
    kind: 'login-request',
    transit: (flags & 0x80) !== 0,
    continues: (flags & 0x40) !== 0,
    currentStage: (flags >> 2) & 3,
    nextStage: flags & 3,
    versionMin: header[3] as number,
    isid: header.toString('hex', 8, 14),
    tsih: header.readUInt16BE(14),
    initiatorTaskTag: header.readUInt32BE(16),
    cid: header.readUInt16BE(20),
    cmdSn: header.readUInt32BE(24),
    expStatSn: header.readUInt32BE(28),
    data,
    dataLength_bytes,
  };
}

export interface LoginResponse {
  transit: boolean;
  currentStage: number;
  nextStage: number;
  isid: string;
  tsih: number;
  initiatorTaskTag: number;
  /** One of `LOGIN_STATUS`. */
  status: number;
  data: Buffer;
}

/**
 * Login Response (RFC 7143 §11.13)
 *
 *     0  opcode 0x23     1  T C . . CSG NSG    2  Version-max 0    3  Version-active 0    5..7  DataSegmentLength
 *     8..13  ISID   14..15  TSIH   16..19  Initiator Task Tag   24..35  numbering   36  Status-Class   37  Status-Detail
 */
export function encodeLoginResponse(response: LoginResponse): OutgoingPdu {
  const flags = (response.transit ? 0x80 | response.nextStage : 0) | (response.currentStage << 2);
  const header = outgoingHeader(OPCODE.loginResponse, flags, response.initiatorTaskTag);
  header.write(response.isid, 8, 6, 'hex');
  header.writeUInt16BE(response.tsih, 14);
  header.writeUInt16BE(response.status, 36);
  return withData(header, response.data);
}

import type { Frame } from '../framer.ts';
import { decodeLun } from './lun.ts';
import { OPCODE } from './opcode.ts';
import { type OutgoingPdu, outgoingHeader, withoutData } from './outgoing.ts';

/** RFC 7143 §11.5.1. */
export const TASK_MANAGEMENT = {
  abortTask: 1,
  abortTaskSet: 2,
  clearAca: 3,
  clearTaskSet: 4,
  logicalUnitReset: 5,
  targetWarmReset: 6,
  targetColdReset: 7,
  taskReassign: 8,
} as const;

/** RFC 7143 §11.6.1. */
export const TASK_MANAGEMENT_RESPONSE = {
  complete: 0,
  taskDoesNotExist: 1,
  lunDoesNotExist: 2,
  reassignmentNotSupported: 4,
  notSupported: 5,
  rejected: 255,
} as const;

/**
 * Task Management Function Request (RFC 7143 §11.5)
 *
 *     0  .I opcode 0x02     1  1, Function    8..15  LUN
 *     16..19  Initiator Task Tag   20..23  Referenced Task Tag   24..27  CmdSN   28..31  ExpStatSN   32..35  RefCmdSN
 */
export interface TaskManagementRequest {
  readonly kind: 'task-management-request';
  readonly immediate: boolean;
  readonly function: number;
  readonly lun: number | undefined;
  readonly initiatorTaskTag: number;
  readonly referencedTaskTag: number;
  readonly cmdSn: number;
  readonly expStatSn: number;
  readonly refCmdSn: number;
}

export function decodeTaskManagementRequest({ header }: Frame): TaskManagementRequest {
  return {
    kind: 'task-management-request',
    immediate: ((header[0] as number) & 0x40) !== 0,
    function: (header[1] as number) & 0x7f,
    lun: decodeLun(header),
    initiatorTaskTag: header.readUInt32BE(16),
    referencedTaskTag: header.readUInt32BE(20),
    cmdSn: header.readUInt32BE(24),
    expStatSn: header.readUInt32BE(28),
    refCmdSn: header.readUInt32BE(32),
  };
}

/**
 * Task Management Function Response (RFC 7143 §11.6)
 *
 *     0  opcode 0x22     1  0x80    2  Response    16..19  Initiator Task Tag   24..35  numbering
 */
export function encodeTaskManagementResponse(initiatorTaskTag: number, response: number): OutgoingPdu {
  const header = outgoingHeader(OPCODE.taskManagementResponse, 0x80, initiatorTaskTag);
  header[2] = response;
  return withoutData(header);
}

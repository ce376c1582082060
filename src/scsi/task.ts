import type { BufferPool } from '../std/buffer-pool.ts';

/** The I_T nexus a task came through (SAM-5 §4.8): unit attentions and reservations belong to it. */
export interface Nexus {
  /** Unique for as long as the nexus lasts; what reservations are keyed by (initiator port name and target port group tag). */
  readonly id: string;
  readonly initiatorName: string;
}

/** A SCSI command with all the data it carries, ready to be executed (SAM-5 §5.1). */
export interface Task {
  readonly nexus: Nexus;
  /** The single-level LUN number, already decoded from the 8-byte field. */
  readonly lun: number;
  readonly cdb: Buffer;
  /** Data-Out, complete, in arrival order; empty for commands without. Not copied: valid until `done` is called. */
  readonly dataOut: readonly Buffer[];
  readonly dataOutLength_bytes: number;
  /** Aborted tasks may stop early, and their result is dropped by the caller. */
  aborted: boolean;
}

/** SAM-5 §5.3.1. */
export const STATUS = {
  good: 0x00,
  checkCondition: 0x02,
  conditionMet: 0x04,
  busy: 0x08,
  reservationConflict: 0x18,
  taskSetFull: 0x28,
  acaActive: 0x30,
  taskAborted: 0x40,
} as const;

export interface TaskResult {
  status: number;
  /** The complete Data-In; the transfer layer cuts it at the expected length and sets the residual. */
  dataIn?: readonly Buffer[];
  /** The pool to which the transfer layer returns the memory of `dataIn` when it is done. */
  dataInPool?: BufferPool;
  /** Sense data, with `status` CHECK CONDITION. */
  sense?: Buffer;
  /**
   * The number of Data-Out bytes that the CDB asked for, when it differs from what was sent:
   * the transfer layer turns it into the residual (RFC 7143 §11.4.5).
   */
  dataOutWanted_bytes?: number;
}

export type Done = (result: TaskResult) => void;

/** A device server that executes tasks: one logical unit, or a device with several that also answers for LUNs that do not exist. */
export interface DeviceServer {
  /** Calls `done` exactly once, possibly before returning. Never throws for anything an initiator sent. */
  execute(task: Task, done: Done): void;
  /**
   * LUN reset, or target reset if no LUN is given: the effect of task management on the units themselves (SAM-5 §6.3.3);
   * establishes unit attentions.
   */
  reset(lun?: number): void;
  /** A nexus was lost or replaced (SAM-5 §6.3.4). */
  nexusLost(nexus: Nexus): void;
  /**
   * How much Data-Out the CDB needs, in bytes, so that a session can refuse or truncate it before accepting data;
   * `undefined` if the opcode is unknown.
   */
  dataOutLength_bytes(cdb: Buffer, lun: number): number | undefined;
}

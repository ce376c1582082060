import type { Done, LogicalUnit } from './logical-unit.ts';
import type { Task } from './task.ts';

/**
 * How a reservation of somebody else meets a command (SPC-4 §5.13.1 and table 45, SBC-3 §4.17):
 * `always` allowed; `ready`: stopped by RESERVE(6) only; `read` and `write` the medium; `control` changes or reads the unit's own
 * state; the others decide for themselves.
 */
export type Access = 'always' | 'ready' | 'read' | 'write' | 'control' | 'persistent' | 'reserve' | 'release';

/** One row of the command table. */
export interface Command {
  /** As the standard spells it. */
  readonly name: string;
  readonly opcode: number;
  readonly serviceAction?: number;
  /** CDB usage data (SPC-4 §6.35.3): the CDB's length, and the bits of it that are looked at. */
  readonly usage: Buffer;
  readonly access: Access | ((cdb: Buffer) => Access);
  /** Needs a medium that is present and started. */
  readonly medium?: boolean;
  /** Refused on a write-protected unit. */
  readonly writes?: boolean;
  /** `keep`: answered with a unit attention pending, which stays pending (SAM-5 §5.14). */
  readonly attention?: 'keep';
  /** Offered by a thinly provisioned unit only. */
  readonly thin?: boolean;
  /** How many bytes of Data-Out the CDB asks for; none if missing. */
  readonly dataOutLength_bytes?: (cdb: Buffer, unit: LogicalUnit) => number;
  /** Refused where the initiator means to send any other number of bytes: a wrong guess of the length would write wrong data. */
  readonly exactDataOut?: boolean;
  /** Calls `done` once, possibly before returning; may throw `CheckCondition` as long as it has not begun anything. */
  readonly run: (unit: LogicalUnit, task: Task, done: Done) => void;
}

import type { CommandAccess } from './access.ts';
import type { LogicalUnit } from './logical-unit.ts';
import type { Done, Task } from './task.ts';

/** One row of the command table. */
export interface Command {
  /** The name in the standard. */
  readonly name: string;
  readonly opcode: number;
  readonly serviceAction?: number;
  /** CDB usage data (SPC-4 §6.35.3): the CDB's length, and the bits that are evaluated. */
  readonly usage: Buffer;
  readonly access: CommandAccess;
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
  /** Refused if the initiator intends to send any other number of bytes: a wrong length would write wrong data. */
  readonly exactDataOut?: boolean;
  /** Calls `done` once, possibly before returning; may throw `CheckCondition` before it has changed anything. */
  readonly run: (unit: LogicalUnit, task: Task, done: Done) => void;
}

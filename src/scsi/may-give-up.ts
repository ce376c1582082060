import { STATUS, type TaskResult } from './task.ts';

const READS = new Set([0x08, 0x28, 0xa8, 0x88]);
/** WRITE, WRITE AND VERIFY, WRITE SAME, COMPARE AND WRITE, ORWRITE, UNMAP, and SYNCHRONIZE CACHE. */
const WRITES = new Set([0x0a, 0x2a, 0xaa, 0x8a, 0x2e, 0xae, 0x8e, 0x41, 0x93, 0x89, 0x8b, 0x42, 0x35, 0x91]);
/** Linux repeats a command after them for as long as it takes (`scsi_decide_disposition`). RESERVATION CONFLICT is not among them: it fails at once. */
const REPEATED: ReadonlySet<number> = new Set([STATUS.good, STATUS.conditionMet, STATUS.busy, STATUS.taskSetFull]);
/** SPC-4 §4.5.6. Linux repeats a command for ever after this one only (`scsi_io_completion_action`); after ABORTED COMMAND five times. */
const UNIT_ATTENTION = 0x6;

/**
 * Whether Linux may fail a command for this result, so that MD gives up the leg: at once for a write, and for a read after the block
 * could not be rewritten, or was unreadable too often.
 */
export function mayGiveUp(cdb: Buffer, result: TaskResult): 'read' | 'write' | undefined {
  const opcode = cdb[0] ?? 0;
  const kind = WRITES.has(opcode) ? 'write' : READS.has(opcode) ? 'read' : undefined;
  if (REPEATED.has(result.status)) return undefined;
  return result.status === STATUS.checkCondition && senseKeyOf(result.sense) === UNIT_ATTENTION ? undefined : kind;
}

/** Fixed (SPC-4 §4.5.3) or descriptor format (§4.5.2). */
function senseKeyOf(sense: Buffer | undefined): number | undefined {
  if (!sense) return undefined;
  const isDescriptor = ((sense[0] ?? 0) & 0x7e) === 0x72;
  return (sense[isDescriptor ? 1 : 2] ?? 0) & 0x0f;
}

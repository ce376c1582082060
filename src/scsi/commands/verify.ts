import {
  arrived,
  checkTransferLength,
  flush,
  good,
  mediumRange,
  readRange,
  transferLengthAt,
  withRange,
  writeAt,
} from '../block-io.ts';
import { type BlockRange, blockRangeOf } from '../cdb.ts';
import type { LogicalUnit } from '../logical-unit.ts';
import { CheckCondition, invalidCdbField, SENSE } from '../sense.ts';
import { type Done, STATUS, type Task } from '../task.ts';

/** How much is read back at a time. */
const STEP_BYTES = 1024 * 1024;

/**
 * BYTCHK (SBC-3 §5.28, table 96): 0 checks only that the blocks can be read; 1 compares them with the Data-Out; 3 compares each
 * with the one block of Data-Out.
 */
function byteCheck(cdb: Buffer): number {
  return ((cdb[1] ?? 0) >> 1) & 0x03;
}

/** VERIFY 10, 12, 16 (SBC-3 §5.28 to §5.30). */
export function verify(unit: LogicalUnit, task: Task, done: Done): void {
  const range = mediumRange(unit, task.cdb);
  const check = byteCheck(task.cdb);
  if (check === 2) throw invalidCdbField(1, 2);
  if (range.blockCount === 0) {
    done(good());
    return;
  }
  if (check === 1) checkTransferLength(unit, range.blockCount, transferLengthAt(task.cdb));
  checkDataOut(task, verifyLength_bytes(task.cdb, unit));
  withRange(unit, range, false, (finished) => compareRange(unit, task, range, check, finished), done);
}

/** WRITE AND VERIFY 10, 12, 16 (SBC-3 §5.37 to §5.39): durable before it is read back. */
export function writeAndVerify(unit: LogicalUnit, task: Task, done: Done): void {
  const wanted = mediumRange(unit, task.cdb);
  const check = byteCheck(task.cdb);
  if (check > 1) throw invalidCdbField(1, 2);
  checkTransferLength(unit, wanted.blockCount, transferLengthAt(task.cdb));
  const { range, data } = arrived(unit, task, wanted);
  if (range.blockCount === 0) {
    done(good());
    return;
  }
  const transfer = (finished: Done): void =>
    writeAt(unit, range.lba, data, (failure) => {
      if (failure !== null) return finished(unit.failed(failure));
      flush(unit, (result) => {
        if (result.status === STATUS.good) compareRange(unit, task, range, check, finished);
        else finished(result);
      });
    });
  withRange(unit, range, true, transfer, done);
}

/** Reads the range piece by piece, and compares it according to BYTCHK. */
function compareRange(unit: LogicalUnit, task: Task, range: BlockRange, check: number, done: Done): void {
  const step_blocks = STEP_BYTES / unit.blockSize_bytes;
  const next = (at: number): void => {
    if (at === range.blockCount) {
      done(good());
      return;
    }
    if (task.aborted) {
      done({ status: STATUS.taskAborted });
      return;
    }
    const blockCount = Math.min(step_blocks, range.blockCount - at);
    readRange(unit, { lba: range.lba + at, blockCount }, (failure, data) => {
      if (failure !== null) return done(unit.failed(failure));
      if (check !== 0 && !matches(unit, task, data, check === 3 ? undefined : at * unit.blockSize_bytes)) {
        return done(unit.failed(SENSE.miscompareDuringVerify));
      }
      // With a store that answers at once, the stack must not grow by one call per piece.
      setImmediate(next, at + blockCount);
    });
  };
  next(0);
}

/** Compares with the Data-Out from `offset_bytes` on, or each block with its only block. */
function matches(unit: LogicalUnit, task: Task, data: Buffer, offset_bytes: number | undefined): boolean {
  // The last block may be incomplete.
  if (offset_bytes !== undefined) {
    return matchesSpan(task.dataOut, data.subarray(0, task.dataOutLength_bytes - offset_bytes), offset_bytes);
  }
  for (let at = 0; at < data.length; at += unit.blockSize_bytes) {
    if (!matchesSpan(task.dataOut, data.subarray(at, at + unit.blockSize_bytes), 0)) return false;
  }
  return true;
}

/** Whether the bytes of `buffers` from `offset_bytes` on are those of `data`, without joining them. */
function matchesSpan(buffers: readonly Buffer[], data: Buffer, offset_bytes: number): boolean {
  let at = 0;
  for (const buffer of buffers) {
    if (offset_bytes >= buffer.length) {
      offset_bytes -= buffer.length;
      continue;
    }
    const length_bytes = Math.min(buffer.length - offset_bytes, data.length - at);
    if (buffer.compare(data, at, at + length_bytes, offset_bytes, offset_bytes + length_bytes) !== 0) return false;
    at += length_bytes;
    offset_bytes = 0;
    if (at === data.length) return true;
  }
  return false;
}

/** Throws if less data arrived than must be compared. */
function checkDataOut(task: Task, wanted_bytes: number): void {
  if (task.dataOutLength_bytes < wanted_bytes) throw new CheckCondition(SENSE.invalidFieldInCdb);
}

export function verifyLength_bytes(cdb: Buffer, unit: LogicalUnit): number {
  const check = byteCheck(cdb);
  if (check === 1) return blockRangeOf(cdb).blockCount * unit.blockSize_bytes;
  return check === 3 ? unit.blockSize_bytes : 0;
}

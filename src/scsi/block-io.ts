import { take } from '../std/buffers.ts';
import type { StoreCallback } from '../store/store.ts';
import { type BlockRange, blockRangeOf } from './cdb.ts';
import { blockLimitsOf } from './inquiry.ts';
import type { LogicalUnit } from './logical-unit.ts';
import type { HeldRange } from './range-lock.ts';
import { CheckCondition, invalidCdbField, SENSE, type Sense, senseOfStoreError } from './sense.ts';
import { type Done, STATUS, type Task, type TaskResult } from './task.ts';

const GOOD: TaskResult = { status: STATUS.good };

/** GOOD, with Data-In if there is any. */
export function good(dataIn?: Buffer): TaskResult {
  return dataIn === undefined ? GOOD : { status: STATUS.good, dataIn: [dataIn] };
}

/** GOOD with parameter data, cut at the CDB's allocation length (SPC-4 §4.2.5.6). */
export function goodUpTo(allocationLength_bytes: number, data: Buffer): TaskResult {
  return good(data.subarray(0, allocationLength_bytes));
}

/** Throws LOGICAL BLOCK ADDRESS OUT OF RANGE if a range is not inside the unit. */
export function checkInside(unit: LogicalUnit, range: BlockRange): void {
  if (range.lba + range.blockCount > unit.blockCount) throw new CheckCondition(SENSE.lbaOutOfRange);
}

/**
 * The range that a medium access CDB names, checked: inside the unit, not longer than the Block Limits page allows, and
 * without protection information, which the unit does not support (SBC-3 §4.22: RDPROTECT, WRPROTECT, VRPROTECT must be 0).
 */
export function mediumRange(unit: LogicalUnit, cdb: Buffer): BlockRange {
  const range = blockRangeOf(cdb);
  const flags = cdb[1] ?? 0;
  if ((cdb[0] ?? 0) >= 0x20 && (flags & 0xe0) !== 0) throw invalidCdbField(1, 7);
  checkInside(unit, range);
  return range;
}

/** Throws INVALID FIELD IN CDB if the transfer exceeds the Block Limits page. */
export function checkTransferLength(unit: LogicalUnit, blockCount: number, lengthAt: number): void {
  if (blockCount > blockLimitsOf(unit).transfer_blocks) throw invalidCdbField(lengthAt);
}

/**
 * The received part of the blocks of a CDB. If it is shorter, exactly these bytes are written, and the residual reports the rest
 * (RFC 7143 §11.4.5.1), so that nothing unwritten counts as written. The range covers all blocks that it touches.
 */
export function arrived(
  unit: LogicalUnit,
  task: Task,
  wanted: BlockRange,
): { range: BlockRange; data: readonly Buffer[] } {
  const { blockSize_bytes } = unit;
  const length_bytes = Math.min(task.dataOutLength_bytes, wanted.blockCount * blockSize_bytes);
  const range = { lba: wanted.lba, blockCount: Math.ceil(length_bytes / blockSize_bytes) };
  return { range, data: length_bytes === task.dataOutLength_bytes ? task.dataOut : take(task.dataOut, length_bytes) };
}

/** Where the transfer length of a CDB starts, by group code: for sense data that points to it. */
export function transferLengthAt(cdb: Buffer): number {
  return [4, 7, 7, 0, 10, 6][(cdb[0] ?? 0) >> 5] ?? 0;
}

/** Holds the range while `work` runs; passes the result of `work` to `done` after releasing the range. */
export function withRange(
  unit: LogicalUnit,
  range: BlockRange,
  exclusive: boolean,
  work: (finished: Done) => void,
  done: Done,
): void {
  unit.ranges.acquire(range.lba, range.blockCount, exclusive, (held: HeldRange) => {
    work((result) => {
      unit.ranges.release(held);
      done(result);
    });
  });
}

/**
 * Reads a whole range; the error, if any, is already sense. The caller may give the buffer to
 * `unit.readBuffers` when it is no longer needed.
 */
export function readRange(
  unit: LogicalUnit,
  range: BlockRange,
  done: (failure: Sense | null, data: Buffer) => void,
): void {
  const data = unit.readBuffers.take(range.blockCount * unit.blockSize_bytes);
  unit.store.read(data, range.lba * unit.blockSize_bytes, (error) => {
    done(error === null ? null : senseOfStoreError(error, false, range.lba), data);
  });
}

/** Writes from a block on. */
export function writeAt(
  unit: LogicalUnit,
  lba: number,
  data: readonly Buffer[],
  done: (failure: Sense | null) => void,
): void {
  unit.store.write(data, lba * unit.blockSize_bytes, toSense(lba, done));
}

/** Makes a store callback of one that takes sense. */
export function toSense(lba: number | undefined, done: (failure: Sense | null) => void): StoreCallback {
  return (error) => done(error === null ? null : senseOfStoreError(error, true, lba));
}

/**
 * Ends a command that changed the medium: at once with a write cache, after a flush without one or if the command requested it
 * (FUA). So GOOD never promises too much.
 */
export function settle(unit: LogicalUnit, forceUnitAccess: boolean, done: Done): void {
  if (settlesAtOnce(unit, forceUnitAccess)) done(good());
  else flush(unit, done);
}

/** Whether what was written needs no flush before it is acknowledged. */
export function settlesAtOnce(unit: LogicalUnit, forceUnitAccess: boolean): boolean {
  return unit.modePages.writeCache && !forceUnitAccess;
}

/** Makes everything durable that was acknowledged before. */
export function flush(unit: LogicalUnit, done: Done): void {
  unit.store.flush((error) => done(error === null ? good() : unit.failed(senseOfStoreError(error, true))));
}

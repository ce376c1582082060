import { isZero } from '../../store/zero.ts';
import { checkInside, good, goodUpTo, mediumRange, settle, toSense, withRange, writeAt } from '../block-io.ts';
import { type BlockRange, uint64At } from '../cdb.ts';
import { join } from '../data.ts';
import { blockLimitsOf } from '../inquiry.ts';
import type { LogicalUnit } from '../logical-unit.ts';
import { CheckCondition, invalidCdbField, invalidParameter, SENSE, type Sense, senseOfStoreError } from '../sense.ts';
import { type Done, STATUS, type Task } from '../task.ts';

/** How much WRITE SAME writes at a time. */
const STEP_BYTES = 1024 * 1024;
/** Extents reported by one GET LBA STATUS at most. */
const STATUS_DESCRIPTOR_LIMIT = 256;

/**
 * WRITE SAME 10, 16 (SBC-3 §5.43, §5.44). Byte 1: WRPROTECT, ANCHOR (10h), UNMAP (08h), NDOB (01h, 16 only).
 * UNMAP with zeroes releases the space; with other data the blocks are written (SBC-3 table 122).
 */
export function writeSame(unit: LogicalUnit, task: Task, done: Done): void {
  const { cdb } = task;
  const flags = cdb[1] ?? 0;
  const unmaps = (flags & 0x08) !== 0;
  if ((flags & 0x10) !== 0) throw invalidCdbField(1, 4);
  if ((flags & 0x06) !== 0) throw invalidCdbField(1, 2);
  if (unmaps && !unit.thin) throw invalidCdbField(1, 3);
  const range = mediumRange(unit, cdb);
  const lengthAt = cdb[0] === 0x93 ? 10 : 7;
  // WSNZ: 0 does not mean everything up to the end.
  if (range.blockCount === 0 || range.blockCount > blockLimitsOf(unit).writeSame_blocks)
    throw invalidCdbField(lengthAt);
  const zero = hasNoDataOut(cdb) || isZero(task.dataOut);
  const work = (finished: Done): void => {
    const end = (failure: Sense | null): void =>
      failure === null ? settle(unit, false, finished) : finished(unit.failed(failure));
    if (unmaps && zero) unmapRange(unit, range, end);
    else repeat(unit, task, range, pattern(unit, task, range), end);
  };
  withRange(unit, range, false, work, done);
}

function hasNoDataOut(cdb: Buffer): boolean {
  return cdb[0] === 0x93 && ((cdb[1] ?? 0) & 0x01) !== 0;
}

export function writeSameLength_bytes(cdb: Buffer, unit: LogicalUnit): number {
  return hasNoDataOut(cdb) ? 0 : unit.blockSize_bytes;
}

/** As many copies of the block as are written at a time. */
function pattern(unit: LogicalUnit, task: Task, range: BlockRange): Buffer {
  const length_bytes = Math.min(STEP_BYTES, range.blockCount * unit.blockSize_bytes);
  return hasNoDataOut(task.cdb) ? Buffer.alloc(length_bytes) : Buffer.alloc(length_bytes, join(task.dataOut));
}

function repeat(
  unit: LogicalUnit,
  task: Task,
  range: BlockRange,
  copies: Buffer,
  done: (failure: Sense | null) => void,
): void {
  if (range.blockCount === 0 || task.aborted) {
    done(null);
    return;
  }
  const blockCount = Math.min(copies.length / unit.blockSize_bytes, range.blockCount);
  writeAt(unit, range.lba, [copies.subarray(0, blockCount * unit.blockSize_bytes)], (failure) => {
    if (failure !== null) return done(failure);
    const rest = { lba: range.lba + blockCount, blockCount: range.blockCount - blockCount };
    setImmediate(repeat, unit, task, rest, copies, done);
  });
}

function unmapRange(unit: LogicalUnit, range: BlockRange, done: (failure: Sense | null) => void): void {
  if (range.blockCount === 0) {
    done(null);
    return;
  }
  const { blockSize_bytes } = unit;
  unit.store.unmap(range.lba * blockSize_bytes, range.blockCount * blockSize_bytes, toSense(range.lba, done));
}

/**
 * UNMAP (SBC-3 §5.27). 7-8 parameter list length; the list: 0-1 data length, 2-3 descriptors' length, from 8 on descriptors of
 * 16 bytes: lba, number of blocks, reserved. All are checked before the first one is done.
 */
export function unmap(unit: LogicalUnit, task: Task, done: Done): void {
  if (((task.cdb[1] ?? 0) & 0x01) !== 0) throw invalidCdbField(1, 0);
  const listLength_bytes = Math.min(task.cdb.readUInt16BE(7), task.dataOutLength_bytes);
  if (task.cdb.readUInt16BE(7) === 0) {
    done(good());
    return;
  }
  if (listLength_bytes < 8) throw new CheckCondition(SENSE.parameterListLengthError);
  const ranges = unmapRanges(unit, join(task.dataOut).subarray(0, listLength_bytes));
  const next = (at: number): void => {
    const range = ranges[at];
    if (range === undefined) {
      settle(unit, false, done);
      return;
    }
    if (task.aborted) {
      done({ status: STATUS.taskAborted });
      return;
    }
    const work = (finished: Done): void =>
      unmapRange(unit, range, (failure) => finished(failure === null ? good() : unit.failed(failure)));
    withRange(unit, range, false, work, (result) => (result.status === STATUS.good ? next(at + 1) : done(result)));
  };
  next(0);
}

function unmapRanges(unit: LogicalUnit, list: Buffer): BlockRange[] {
  const limits = blockLimitsOf(unit);
  const length_bytes = Math.min(list.readUInt16BE(2), list.length - 8);
  const descriptorCount = Math.floor(length_bytes / 16);
  if (descriptorCount > limits.unmapDescriptors) throw invalidParameter(2);
  const ranges: BlockRange[] = [];
  let total_blocks = 0;
  for (let index = 0; index < descriptorCount; index += 1) {
    const at = 8 + 16 * index;
    const range = { lba: uint64At(list, at), blockCount: list.readUInt32BE(at + 8) };
    checkInside(unit, range);
    total_blocks += range.blockCount;
    ranges.push(range);
  }
  if (total_blocks > limits.unmap_blocks) throw invalidParameter(8);
  return ranges;
}

/**
 * GET LBA STATUS (SBC-3 §5.5). 2-9 starting lba, 10-13 allocation length. Descriptors of 16 bytes: lba, number of blocks, status:
 * 0 mapped, 1 deallocated. A block that is partly in a hole counts as mapped.
 */
export function getLbaStatus(unit: LogicalUnit, task: Task, done: Done): void {
  const startingLba = uint64At(task.cdb, 2);
  const allocationLength_bytes = task.cdb.readUInt32BE(10);
  if (startingLba >= unit.blockCount) throw new CheckCondition(SENSE.lbaOutOfRange);
  const descriptorCount = Math.min(Math.max(Math.floor((allocationLength_bytes - 8) / 16), 1), STATUS_DESCRIPTOR_LIMIT);
  const found: LbaStatus[] = [];
  const next = (lba: number): void => {
    if (lba >= unit.blockCount || (found.length === descriptorCount && found.at(-1)?.lba !== lba)) {
      done(goodUpTo(allocationLength_bytes, encodeLbaStatus(found)));
      return;
    }
    statusAt(unit, lba, (failure, status) => {
      if (failure !== null) return done(unit.failed(failure));
      found.push(status);
      next(lba + status.blockCount);
    });
  };
  next(startingLba);
}

interface LbaStatus extends BlockRange {
  deallocated: boolean;
}

function statusAt(unit: LogicalUnit, lba: number, done: (failure: Sense | null, status: LbaStatus) => void): void {
  const { blockSize_bytes } = unit;
  unit.store.extentAt(lba * blockSize_bytes, (error, extent) => {
    const wholeBlocks = Math.floor(extent.length_bytes / blockSize_bytes);
    const deallocated = unit.thin && !extent.allocated && wholeBlocks > 0;
    const counted = deallocated ? wholeBlocks : Math.ceil(extent.length_bytes / blockSize_bytes);
    const blockCount = Math.min(Math.max(counted, 1), unit.blockCount - lba, 0xffff_ffff);
    done(error === null ? null : senseOfStoreError(error, false, lba), { lba, blockCount, deallocated });
  });
}

function encodeLbaStatus(found: readonly LbaStatus[]): Buffer {
  const data = Buffer.alloc(8 + 16 * found.length);
  data.writeUInt32BE(data.length - 4, 0);
  found.forEach((status, index) => {
    const at = 8 + 16 * index;
    data.writeBigUInt64BE(BigInt(status.lba), at);
    data.writeUInt32BE(status.blockCount, at + 8);
    data[at + 12] = status.deallocated ? 0x01 : 0x00;
  });
  return data;
}

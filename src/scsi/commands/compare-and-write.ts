import {
  checkInside,
  checkTransferLength,
  good,
  mediumRange,
  readRange,
  settle,
  withRange,
  writeAt,
} from '../block-io.ts';
import { uint64At } from '../cdb.ts';
import { firstDifference, join } from '../data.ts';
import { blockLimitsOf } from '../inquiry.ts';
import type { LogicalUnit } from '../logical-unit.ts';
import { CheckCondition, invalidCdbField, SENSE } from '../sense.ts';
import type { Done, Task } from '../task.ts';
import { forcesUnitAccess } from './read-write.ts';

/**
 * COMPARE AND WRITE (SBC-3 §5.2): 2-9 lba, 13 number of blocks; Data-Out is the blocks to compare with, then those to write.
 * A miscompare reports the offset of the first wrong byte.
 */
export function compareAndWrite(unit: LogicalUnit, task: Task, done: Done): void {
  const { cdb } = task;
  if (((cdb[1] ?? 0) & 0xe0) !== 0) throw invalidCdbField(1, 7);
  const range = { lba: uint64At(cdb, 2), blockCount: cdb[13] ?? 0 };
  checkInside(unit, range);
  if (range.blockCount > blockLimitsOf(unit).compareAndWrite_blocks) throw invalidCdbField(13);
  const length_bytes = range.blockCount * unit.blockSize_bytes;
  if (range.blockCount === 0) {
    done(good());
    return;
  }
  const data = join(task.dataOut);
  const expected = data.subarray(0, length_bytes);
  const replacement = data.subarray(length_bytes);
  const exchange = (finished: Done): void =>
    readRange(unit, range, (readFailure, found) => {
      if (readFailure !== null) return finished(unit.failed(readFailure));
      const information = firstDifference(found, expected);
      if (information >= 0) return finished(unit.failed({ ...SENSE.miscompareDuringVerify, information }));
      writeAt(unit, range.lba, [replacement], (failure) =>
        failure === null ? settle(unit, forcesUnitAccess(cdb), finished) : finished(unit.failed(failure)),
      );
    });
  withRange(unit, range, true, exchange, done);
}

export function compareAndWriteLength_bytes(cdb: Buffer, unit: LogicalUnit): number {
  return 2 * (cdb[13] ?? 0) * unit.blockSize_bytes;
}

/** ORWRITE 16 (SBC-3 §5.8): the blocks are combined with the Data-Out by a bitwise or. */
export function orWrite(unit: LogicalUnit, task: Task, done: Done): void {
  const range = mediumRange(unit, task.cdb);
  checkTransferLength(unit, range.blockCount, 10);
  const length_bytes = range.blockCount * unit.blockSize_bytes;
  if (task.dataOutLength_bytes < length_bytes) throw new CheckCondition(SENSE.invalidFieldInCdb);
  if (range.blockCount === 0) {
    done(good());
    return;
  }
  const operand = join(task.dataOut);
  const combine = (finished: Done): void =>
    readRange(unit, range, (readFailure, data) => {
      if (readFailure !== null) return finished(unit.failed(readFailure));
      for (let at = 0; at < length_bytes; at += 1) data[at] = (data[at] ?? 0) | (operand[at] ?? 0);
      writeAt(unit, range.lba, [data], (failure) =>
        failure === null ? settle(unit, forcesUnitAccess(task.cdb), finished) : finished(unit.failed(failure)),
      );
    });
  withRange(unit, range, true, combine, done);
}

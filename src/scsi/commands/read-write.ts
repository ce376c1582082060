import {
  arrived,
  checkTransferLength,
  flush,
  good,
  mediumRange,
  readRange,
  settle,
  transferLengthAt,
  withRange,
  writeAt,
} from '../block-io.ts';
import { blockRangeOf } from '../cdb.ts';
import type { Done, LogicalUnit } from '../logical-unit.ts';
import { STATUS, type Task } from '../task.ts';

const FUA = 0x08;

/** READ 6, 10, 12, 16 (SBC-3 §5.11 to §5.14): opcode, then flags with RDPROTECT, DPO, FUA (not in the 6-byte CDB), then the range. */
export function read(unit: LogicalUnit, task: Task, done: Done): void {
  const range = mediumRange(unit, task.cdb);
  checkTransferLength(unit, range.blockCount, transferLengthAt(task.cdb));
  if (range.blockCount === 0) {
    done(good());
    return;
  }
  const transfer = (finished: Done): void =>
    readRange(unit, range, (failure, data) => {
      if (failure === null) {
        finished({ status: STATUS.good, dataIn: [data], released: () => unit.readBuffers.give(data) });
      } else {
        unit.readBuffers.give(data);
        finished(unit.failed(failure));
      }
    });
  if (forcesUnitAccess(task.cdb) && !unit.store.readOnly) {
    // FUA: what is newer in the cache goes to the medium first (SBC-3 §4.15.3).
    flush(unit, (result) =>
      result.status === STATUS.good ? withRange(unit, range, false, transfer, done) : done(result),
    );
  } else {
    withRange(unit, range, false, transfer, done);
  }
}

/** WRITE 6, 10, 12, 16 (SBC-3 §5.31 to §5.34). Where less arrived than the CDB asks for, that is written. */
export function write(unit: LogicalUnit, task: Task, done: Done): void {
  const wanted = mediumRange(unit, task.cdb);
  checkTransferLength(unit, wanted.blockCount, transferLengthAt(task.cdb));
  const { range, data } = arrived(unit, task, wanted);
  if (range.blockCount === 0) {
    done(good());
    return;
  }
  const transfer = (finished: Done): void =>
    writeAt(unit, range.lba, data, (failure) =>
      failure === null ? settle(unit, forcesUnitAccess(task.cdb), finished) : finished(unit.failed(failure)),
    );
  withRange(unit, range, false, transfer, done);
}

/** FUA is bit 3 of byte 1; in a 6-byte CDB that bit belongs to the address. */
export function forcesUnitAccess(cdb: Buffer): boolean {
  return (cdb[0] ?? 0) >= 0x20 && ((cdb[1] ?? 0) & FUA) !== 0;
}

/** Data-Out of the commands that carry the blocks of their range. */
export function transferLength_bytes(cdb: Buffer, unit: LogicalUnit): number {
  return blockRangeOf(cdb).blockCount * unit.blockSize_bytes;
}

import {
  arrived,
  checkTransferLength,
  flush,
  good,
  mediumRange,
  settlesAtOnce,
  transferLengthAt,
} from '../block-io.ts';
import { type BlockRange, blockRangeOf } from '../cdb.ts';
import type { LogicalUnit } from '../logical-unit.ts';
import { senseOfStoreError } from '../sense.ts';
import { type Done, STATUS, type Task } from '../task.ts';

const FUA = 0x08;

/** READ 6, 10, 12, 16 (SBC-3 §5.11 to §5.14): opcode, then flags with RDPROTECT, DPO, FUA (not in the 6-byte CDB), then the range. */
export function read(unit: LogicalUnit, task: Task, done: Done): void {
  const range = mediumRange(unit, task.cdb);
  checkTransferLength(unit, range.blockCount, transferLengthAt(task.cdb));
  if (range.blockCount === 0) {
    done(good());
    return;
  }
  if (forcesUnitAccess(task.cdb) && !unit.store.readOnly) {
    // FUA: newer data in the cache goes to the medium first (SBC-3 §4.15.3).
    flush(unit, (result) => (result.status === STATUS.good ? transferIn(unit, range, done) : done(result)));
  } else {
    transferIn(unit, range, done);
  }
}

/** Like `withRange` and `readRange`, with three closures fewer per command: this and `transferOut` are the hot path. */
function transferIn(unit: LogicalUnit, { lba, blockCount }: BlockRange, done: Done): void {
  unit.ranges.acquire(lba, blockCount, false, (held) => {
    const data = unit.readBuffers.take(blockCount * unit.blockSize_bytes);
    unit.store.read(data, lba * unit.blockSize_bytes, (error) => {
      unit.ranges.release(held);
      if (error === null) {
        done({ status: STATUS.good, dataIn: [data], dataInPool: unit.readBuffers });
      } else {
        unit.readBuffers.give(data);
        done(unit.failed(senseOfStoreError(error, false, lba)));
      }
    });
  });
}

/** WRITE 6, 10, 12, 16 (SBC-3 §5.31 to §5.34). If less data arrived than the CDB announces, that much is written. */
export function write(unit: LogicalUnit, task: Task, done: Done): void {
  const wanted = mediumRange(unit, task.cdb);
  checkTransferLength(unit, wanted.blockCount, transferLengthAt(task.cdb));
  const { range, data } = arrived(unit, task, wanted);
  if (range.blockCount === 0) {
    done(good());
    return;
  }
  transferOut(unit, range, data, settlesAtOnce(unit, forcesUnitAccess(task.cdb)), done);
}

function transferOut(
  unit: LogicalUnit,
  { lba, blockCount }: BlockRange,
  data: readonly Buffer[],
  settled: boolean,
  done: Done,
): void {
  unit.ranges.acquire(lba, blockCount, false, (held) => {
    unit.store.write(data, lba * unit.blockSize_bytes, (error) => {
      if (error === null && !settled) {
        flush(unit, (result) => {
          unit.ranges.release(held);
          done(result);
        });
        return;
      }
      unit.ranges.release(held);
      done(error === null ? good() : unit.failed(senseOfStoreError(error, true, lba)));
    });
  });
}

/** FUA is bit 3 of byte 1; in a 6-byte CDB that bit belongs to the address. */
export function forcesUnitAccess(cdb: Buffer): boolean {
  return (cdb[0] ?? 0) >= 0x20 && ((cdb[1] ?? 0) & FUA) !== 0;
}

/** Data-Out of the commands that carry the blocks of their range. */
export function transferLength_bytes(cdb: Buffer, unit: LogicalUnit): number {
  return blockRangeOf(cdb).blockCount * unit.blockSize_bytes;
}

import { good, goodUpTo } from '../block-io.ts';
import { uint64At } from '../cdb.ts';
import { standardInquiry, vitalProductData } from '../inquiry.ts';
import type { LogicalUnit } from '../logical-unit.ts';
import { encodeSense, invalidCdbField, SENSE } from '../sense.ts';
import type { Done, Task } from '../task.ts';

/** TEST UNIT READY (SPC-4 §6.47): the checks before every command have already been made. */
export function testUnitReady(_unit: LogicalUnit, _task: Task, done: Done): void {
  done(good());
}

/** INQUIRY (SPC-4 §6.4): 1.0 EVPD, 2 page code, 3-4 allocation length. */
export function inquiry(unit: LogicalUnit, task: Task, done: Done): void {
  const { cdb } = task;
  const allocationLength_bytes = cdb.readUInt16BE(3);
  const pageCode = cdb[2] ?? 0;
  if (((cdb[1] ?? 0) & 0x02) !== 0) throw invalidCdbField(1, 1);
  if (((cdb[1] ?? 0) & 0x01) === 0) {
    if (pageCode !== 0) throw invalidCdbField(2);
    done(goodUpTo(allocationLength_bytes, standardInquiry(unit)));
    return;
  }
  const page = vitalProductData(unit, pageCode);
  if (page === undefined) throw invalidCdbField(2);
  done(goodUpTo(allocationLength_bytes, page));
}

/** REQUEST SENSE (SPC-4 §6.39): 1.0 DESC, 4 allocation length. A pending unit attention is the answer, and is cleared by it. */
export function requestSense(unit: LogicalUnit, task: Task, done: Done): void {
  const pending = unit.attentions.takeNext(task.nexus.id);
  const reason = pending ?? (unit.medium === 'ready' ? SENSE.none : SENSE.mediumNotPresent);
  const descriptorFormat = ((task.cdb[1] ?? 0) & 0x01) !== 0;
  done(goodUpTo(task.cdb[4] ?? 0, encodeSense(reason, descriptorFormat)));
}

/** READ CAPACITY 10 (SBC-3 §5.15): 2-5 lba and 8.0 PMI, which are obsolete and must be 0. Data: 0-3 last lba, 4-7 block size. */
export function readCapacity10(unit: LogicalUnit, task: Task, done: Done): void {
  if (((task.cdb[8] ?? 0) & 0x01) !== 0) throw invalidCdbField(8, 0);
  if (task.cdb.readUInt32BE(2) !== 0) throw invalidCdbField(2);
  const data = Buffer.alloc(8);
  data.writeUInt32BE(Math.min(unit.blockCount - 1, 0xffff_ffff), 0);
  data.writeUInt32BE(unit.blockSize_bytes, 4);
  done(good(data));
}

/**
 * READ CAPACITY 16 (SBC-3 §5.16): 10-13 allocation length. Data: 0-7 last lba, 8-11 block size, 13 physical block exponent,
 * 14.7 LBPME, 14.6 LBPRZ.
 */
export function readCapacity16(unit: LogicalUnit, task: Task, done: Done): void {
  if (((task.cdb[14] ?? 0) & 0x01) !== 0) throw invalidCdbField(14, 0);
  if (uint64At(task.cdb, 2) !== 0) throw invalidCdbField(2);
  const data = Buffer.alloc(32);
  data.writeBigUInt64BE(BigInt(unit.blockCount - 1), 0);
  data.writeUInt32BE(unit.blockSize_bytes, 8);
  data[13] = Math.log2(unit.physicalBlockSize_bytes / unit.blockSize_bytes);
  data[14] = unit.thin ? 0xc0 : 0x00;
  done(goodUpTo(task.cdb.readUInt32BE(10), data));
}

/** One target port group with one port, active and optimized (SPC-4 §6.33). 1.7-5 format, 6-9 allocation length. */
export function reportTargetPortGroups(_unit: LogicalUnit, task: Task, done: Done): void {
  const format = (task.cdb[1] ?? 0) >> 5;
  if (format > 1) throw invalidCdbField(1, 7);
  const group = [0x00, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01];
  const header = format === 1 ? [0, 0, 0, group.length + 4, 0x10, 0x00, 0x00, 0x00] : [0, 0, 0, group.length];
  done(goodUpTo(task.cdb.readUInt32BE(6), Buffer.from([...header, ...group])));
}

/** REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS (SPC-4 §6.36): ATS, ATSS, CTSS, LURS, TRS. 2.7 REPD, 6-9 allocation length. */
export function reportSupportedTaskManagement(_unit: LogicalUnit, task: Task, done: Done): void {
  const allocationLength_bytes = task.cdb.readUInt32BE(6);
  if (allocationLength_bytes < 4) throw invalidCdbField(6);
  const extended = ((task.cdb[2] ?? 0) & 0x80) !== 0;
  const data = Buffer.alloc(extended ? 16 : 4);
  data[0] = 0xda;
  data[3] = data.length - 4;
  done(goodUpTo(allocationLength_bytes, data));
}

/** READ DEFECT DATA 10 (SBC-3 §5.17): an empty list in the format that was asked for. 2 list format, 7-8 allocation length. */
export function readDefectData10(_unit: LogicalUnit, task: Task, done: Done): void {
  const data = Buffer.from([0x00, (task.cdb[2] ?? 0) & 0x1f, 0x00, 0x00]);
  done(goodUpTo(task.cdb.readUInt16BE(7), data));
}

/** READ DEFECT DATA 12 (SBC-3 §5.18). 1 list format, 6-9 allocation length. */
export function readDefectData12(_unit: LogicalUnit, task: Task, done: Done): void {
  const data = Buffer.alloc(8);
  data[1] = (task.cdb[1] ?? 0) & 0x1f;
  done(goodUpTo(task.cdb.readUInt32BE(6), data));
}

/** REPORT LUNS (SPC-4 §6.33): 2 select report, 6-9 allocation length. Data: 0-3 list length, from 8 on one LUN in 8 bytes each. */
export function reportLuns(units: readonly number[], cdb: Buffer): Buffer {
  const allocationLength_bytes = cdb.readUInt32BE(6);
  const select = cdb[2] ?? 0;
  if (allocationLength_bytes < 16) throw invalidCdbField(6);
  if (select > 2) throw invalidCdbField(2);
  // SELECT REPORT 1 asks for well-known logical units only: there are none.
  const luns = select === 1 ? [] : units;
  const data = Buffer.alloc(8 + 8 * luns.length);
  data.writeUInt32BE(8 * luns.length, 0);
  for (const [index, each] of luns.entries()) data.writeUInt16BE(each, 8 + 8 * index);
  return data.subarray(0, allocationLength_bytes);
}

import { good, goodUpTo } from '../block-io.ts';
import { join } from '../data.ts';
import type { LogicalUnit } from '../logical-unit.ts';
import type { PageControl } from '../mode-pages.ts';
import { CheckCondition, invalidCdbField, invalidParameter, SENSE } from '../sense.ts';
import type { Done, Task } from '../task.ts';

const CONTROLS: readonly PageControl[] = ['current', 'changeable', 'default'];

/**
 * MODE SENSE 6, 10 (SPC-4 §6.11, §6.12): 1.3 DBD, 1.4 LLBAA (10 only), 2 page control and page code, 3 subpage code.
 * Data: header, one block descriptor unless DBD, pages.
 */
export function modeSense(unit: LogicalUnit, task: Task, done: Done): void {
  const { cdb } = task;
  const ten = cdb[0] === 0x5a;
  const flags = cdb[1] ?? 0;
  const control = CONTROLS[(cdb[2] ?? 0) >> 6];
  if (control === undefined) throw new CheckCondition(SENSE.savingParametersNotSupported);
  const pageCode = (cdb[2] ?? 0) & 0x3f;
  const subpage = cdb[3] ?? 0;
  if (subpage !== 0 && subpage !== 0xff) throw invalidCdbField(3);
  const pages = unit.modePages.read(pageCode, control);
  if (pages.length === 0) throw invalidCdbField(2, 5);
  const long = ten && (flags & 0x10) !== 0;
  const descriptor = (flags & 0x08) !== 0 ? Buffer.alloc(0) : blockDescriptor(unit, long);
  const body = Buffer.concat([descriptor, ...pages]);
  const header = ten
    ? header10(unit, body.length, descriptor.length, long)
    : header6(unit, body.length, descriptor.length);
  done(goodUpTo(ten ? cdb.readUInt16BE(7) : (cdb[4] ?? 0), Buffer.concat([header, body])));
}

/** WP and DPOFUA (SBC-3 §6.4.1). */
function deviceSpecific(unit: LogicalUnit): number {
  return (unit.writeProtected ? 0x80 : 0x00) | 0x10;
}

function header6(unit: LogicalUnit, bodyLength_bytes: number, descriptorLength_bytes: number): Buffer {
  return Buffer.from([bodyLength_bytes + 3, 0, deviceSpecific(unit), descriptorLength_bytes]);
}

function header10(unit: LogicalUnit, bodyLength_bytes: number, descriptorLength_bytes: number, long: boolean): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt16BE(bodyLength_bytes + 6, 0);
  header[3] = deviceSpecific(unit);
  header[4] = long ? 0x01 : 0x00;
  header.writeUInt16BE(descriptorLength_bytes, 6);
  return header;
}

/** Number of blocks and block length, in 8 bytes or, with LLBAA, in 16 (SBC-3 §6.4.2). */
function blockDescriptor(unit: LogicalUnit, long: boolean): Buffer {
  const descriptor = Buffer.alloc(long ? 16 : 8);
  if (long) {
    descriptor.writeBigUInt64BE(BigInt(unit.blockCount), 0);
    descriptor.writeUInt32BE(unit.blockSize_bytes, 12);
  } else {
    descriptor.writeUInt32BE(Math.min(unit.blockCount, 0xffff_ffff), 0);
    descriptor.writeUIntBE(unit.blockSize_bytes, 5, 3);
  }
  return descriptor;
}

/**
 * MODE SELECT 6, 10 (SPC-4 §6.9, §6.10): 1.4 PF must be 1, 1.0 SP must be 0 (nothing is saved). The whole list is checked before any
 * page changes.
 */
export function modeSelect(unit: LogicalUnit, task: Task, done: Done): void {
  const { cdb } = task;
  const ten = cdb[0] === 0x55;
  const flags = cdb[1] ?? 0;
  if ((flags & 0x10) === 0) throw invalidCdbField(1, 4);
  if ((flags & 0x01) !== 0) throw invalidCdbField(1, 0);
  const listLength_bytes = modeSelectLength_bytes(cdb);
  if (listLength_bytes === 0) {
    done(good());
    return;
  }
  if (task.dataOutLength_bytes < listLength_bytes) throw new CheckCondition(SENSE.parameterListLengthError);
  const list = join(task.dataOut).subarray(0, listLength_bytes);
  const pages = splitPages(list, checkDescriptors(unit, list, ten));
  for (const { at, values } of pages) {
    const wrong = unit.modePages.check(values);
    if (wrong >= 0) throw invalidParameter(at + wrong);
  }
  const changed = pages.map(({ values }) => unit.modePages.apply(values)).includes(true);
  if (changed) unit.attentions.establishForOthers(SENSE.modeParametersChanged, task.nexus.id);
  done(good());
}

export function modeSelectLength_bytes(cdb: Buffer): number {
  return cdb[0] === 0x55 ? cdb.readUInt16BE(7) : (cdb[4] ?? 0);
}

/** Block descriptors may only repeat the current values. @returns where the pages start */
function checkDescriptors(unit: LogicalUnit, list: Buffer, ten: boolean): number {
  const headerLength_bytes = ten ? 8 : 4;
  if (list.length < headerLength_bytes) throw new CheckCondition(SENSE.parameterListLengthError);
  const long = ten && ((list[4] ?? 0) & 0x01) !== 0;
  const descriptorLength_bytes = ten ? list.readUInt16BE(6) : (list[3] ?? 0);
  const pagesAt = headerLength_bytes + descriptorLength_bytes;
  if (list.length < pagesAt) throw new CheckCondition(SENSE.parameterListLengthError);
  if (descriptorLength_bytes === 0) return pagesAt;
  const expected = blockDescriptor(unit, long);
  if (descriptorLength_bytes !== expected.length) throw invalidParameter(ten ? 6 : 3);
  const given = list.subarray(headerLength_bytes, pagesAt);
  const count = long ? given.readBigUInt64BE(0) : BigInt(given.readUInt32BE(0));
  const expectedCount = long ? expected.readBigUInt64BE(0) : BigInt(expected.readUInt32BE(0));
  // A number of blocks of 0 means that it stays as it is (SBC-3 §6.4.2.2).
  if (count !== 0n && count !== expectedCount) throw invalidParameter(headerLength_bytes);
  const lengthAt = expected.length - 3;
  if (given.compare(expected, lengthAt, lengthAt + 3, lengthAt, lengthAt + 3) !== 0) {
    throw invalidParameter(headerLength_bytes + lengthAt);
  }
  return pagesAt;
}

function splitPages(list: Buffer, pagesAt: number): { at: number; values: Buffer }[] {
  const pages: { at: number; values: Buffer }[] = [];
  for (let at = pagesAt; at < list.length; ) {
    const end = at + 2 + (list[at + 1] ?? 0);
    if (end > list.length) throw new CheckCondition(SENSE.parameterListLengthError);
    const values = Buffer.from(list.subarray(at, end));
    // PS is reserved in MODE SELECT.
    values[0] = (values[0] ?? 0) & 0x7f;
    pages.push({ at, values });
    at = end;
  }
  return pages;
}

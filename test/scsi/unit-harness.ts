import * as assert from 'uvu/assert';
import { UnitServer } from '../../src/scsi/execution/unit-server.ts';
import { LogicalUnit, type LogicalUnitOptions } from '../../src/scsi/logical-unit.ts';
import type { DeviceServer, Nexus, TaskResult } from '../../src/scsi/task.ts';
import { systemClock } from '../../src/std/clock.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';

export const ALICE: Nexus = {
  id: 'iqn.2026-11.test:alice,i,0x0000deadbeef,t,1',
  initiatorName: 'iqn.2026-11.test:alice',
};
export const BOB: Nexus = { id: 'iqn.2026-11.test:bob,i,0x0000deadbeef,t,1', initiatorName: 'iqn.2026-11.test:bob' };

/** The size of the units that tests make: 2048 blocks of 512 bytes, or 256 of 4096. */
export const UNIT_SIZE_BYTES = 1_048_576;

/** The server of a unit over memory to which Alice and Bob have said hello: no unit attention is pending. */
export async function makeUnit(options: Partial<LogicalUnitOptions> = {}): Promise<UnitServer> {
  const store = options.store ?? new MemoryStore({ size_bytes: UNIT_SIZE_BYTES, thin: options.thin ?? true });
  const unit = new UnitServer(new LogicalUnit({ identity: 'iqn.2026-11.test:disk,lun1', ...options, store }));
  await greet(unit);
  return unit;
}

/** Takes the pending unit attention of both nexuses. */
export async function greet(unit: DeviceServer): Promise<void> {
  await run(unit, '03');
  await run(unit, '03', { nexus: BOB });
}

export interface RunOptions {
  nexus?: Nexus;
  data?: Buffer | readonly Buffer[];
  lun?: number;
}

/** Hexadecimal digits, spaces ignored, padded with zeroes to the 16 bytes that iSCSI carries. */
export function cdbOf(hex: string): Buffer {
  const digits = hex.replaceAll(' ', '');
  assert.is(digits.length % 2, 0, `half a byte in '${hex}'`);
  const cdb = Buffer.alloc(Math.max(16, digits.length / 2));
  Buffer.from(digits, 'hex').copy(cdb);
  return cdb;
}

/**
 * Executes one command, and cuts its Data-Out at what the unit says the CDB wants, as the session layer does. Fails where `done` is
 * called twice, or never.
 */
export function run(unit: DeviceServer, hex: string, options: RunOptions = {}): Promise<TaskResult> {
  const cdb = cdbOf(hex);
  const { lun = 1 } = options;
  const sent = options.data === undefined ? [] : [options.data].flat();
  const dataOut = [Buffer.concat(sent as Buffer[]).subarray(0, unit.dataOutLength_bytes(cdb, lun) ?? 0)];
  return new Promise((resolve, reject) => {
    const timer = systemClock.after(100_000, () => reject(new Error(`${hex} is not done`)));
    let calls = 0;
    const task = {
      nexus: options.nexus ?? ALICE,
      lun,
      cdb,
      dataOut,
      dataOutLength_bytes: dataOut[0]?.length ?? 0,
      aborted: false,
    };
    unit.execute(task, (result) => {
      timer.stop();
      calls += 1;
      if (calls > 1) reject(new Error(`${hex} was done twice`));
      setImmediate(resolve, result);
    });
  });
}

/**
 * A result in short: `good`, `conflict`, `met`, or sense as key and codes: `5 24/00`. What follows an `@` is the byte that the sense
 * blames, what follows an `=` its information.
 */
export function brief(result: TaskResult): string {
  if (result.status === 0x00) return 'good';
  if (result.status === 0x18) return 'conflict';
  if (result.status !== 0x02 || result.sense === undefined) return `status ${result.status}`;
  const sense = decodeSense(result.sense);
  const field = sense.field === undefined ? '' : `@${sense.field}`;
  const information = sense.information === undefined ? '' : `=${sense.information}`;
  return `${sense.key.toString(16)} ${hex2(sense.asc)}/${hex2(sense.ascq)}${field}${information}`;
}

function hex2(value: number): string {
  return value.toString(16).padStart(2, '0');
}

interface DecodedSense {
  key: number;
  asc: number;
  ascq: number;
  field?: number;
  information?: number;
}

/** Fixed (70h) and descriptor (72h) format, written against SPC-4 §4.5 independently of the encoder. */
export function decodeSense(data: Buffer): DecodedSense {
  if (data[0] === 0x72) {
    const decoded: DecodedSense = { key: data[1] ?? 0, asc: data[2] ?? 0, ascq: data[3] ?? 0 };
    assert.is(data.length, 8 + (data[7] ?? 0));
    for (let at = 8; at < data.length; at += 2 + (data[at + 1] ?? 0)) {
      if (data[at] === 0x00) decoded.information = Number(data.readBigUInt64BE(at + 4));
      if (data[at] === 0x02) decoded.field = data.readUInt16BE(at + 5);
    }
    return decoded;
  }
  const code = (data[0] ?? 0) & 0x7f;
  assert.is(code, 0x70);
  assert.is(data.length, 8 + (data[7] ?? 0));
  const decoded: DecodedSense = { key: data[2] ?? 0, asc: data[12] ?? 0, ascq: data[13] ?? 0 };
  if (((data[0] ?? 0) & 0x80) !== 0) decoded.information = data.readUInt32BE(3);
  if (((data[15] ?? 0) & 0x80) !== 0) decoded.field = data.readUInt16BE(16);
  return decoded;
}

/** The Data-In of a command that must succeed. */
export async function dataOf(unit: DeviceServer, hex: string, options: RunOptions = {}): Promise<Buffer> {
  const result = await run(unit, hex, options);
  assert.is(brief(result), 'good', hex);
  return Buffer.concat((result.dataIn ?? []) as Buffer[]);
}

/** A row of a golden table: what it is, CDB, Data-Out, expected outcome in `brief`'s words, and Data-In as hexadecimal digits. */
export type Row = readonly [what: string, cdb: string, outcome: string, dataOut?: Buffer | undefined, dataIn?: string];

/** Runs the rows of a table one after the other on one unit. */
export async function runRows(unit: DeviceServer, rows: readonly Row[]): Promise<void> {
  for (const [what, cdb, outcome, data, dataIn] of rows) {
    const result = await run(unit, cdb, data === undefined ? {} : { data });
    assert.is(brief(result), outcome, `${what}: ${cdb}`);
    if (dataIn === undefined) continue;
    const found = Buffer.concat((result.dataIn ?? []) as Buffer[]).toString('hex');
    assert.is(found, dataIn.replaceAll(' ', ''), `${what}: ${cdb}`);
  }
}

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DeviceServer } from '../../src/scsi/task.ts';
import { systemClock } from '../../src/std/clock.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { Store } from '../../src/store/store.ts';
import { brief, dataOf, makeUnit, type Row, run, runRows, UNIT_SIZE_BYTES } from './unit-harness.ts';

const block = (fill: number, count = 1) => Buffer.alloc(512 * count, fill);
const pair = (compare: Buffer, write: Buffer) => Buffer.concat([compare, write]);
const hexOf = (fill: number, count = 1) => block(fill, count).toString('hex');

const test = suite('COMPARE AND WRITE, ORWRITE');

/** A store whose reads and writes end in a random later turn, so that commands overlap. */
function slowStore(): Store {
  const inner = new MemoryStore({ size_bytes: UNIT_SIZE_BYTES });
  const later = (work: () => void) => systemClock.after(Math.floor(Math.random() * 4), work);
  return {
    size_bytes: inner.size_bytes,
    readOnly: false,
    thin: true,
    read: (target, offset, done) => later(() => inner.read(target, offset, done)),
    write: (sources, offset, done) => later(() => inner.write(sources, offset, done)),
    flush: (done) => later(() => inner.flush(done)),
    unmap: (offset, length, done) => later(() => inner.unmap(offset, length, done)),
    extentAt: (offset, done) => inner.extentAt(offset, done),
    close: (done) => inner.close(done),
  };
}

const almost = block(0xbb);
almost[300] = 0;

const COMPARE: readonly Row[] = [
  ['equal', '89 00 0000000000000000 000000 01 00 00', 'good', pair(block(0), block(0xaa))],
  ['written', '28 00 00000000 00 0001 00', 'good', undefined, hexOf(0xaa)],
  ['different', '89 00 0000000000000000 000000 01 00 00', 'e 1d/00=0', pair(block(0), block(0xbb))],
  ['not written', '28 00 00000000 00 0001 00', 'good', undefined, hexOf(0xaa)],
  ['with DPO and FUA', '89 18 0000000000000000 000000 01 00 00', 'good', pair(block(0xaa), block(0xbb))],
  ['offset of the difference', '89 00 0000000000000000 000000 01 00 00', 'e 1d/00=300', pair(almost, block(1))],
  ['nothing', '89 00 0000000000000000 000000 00 00 00', 'good'],
  ['past the end', '89 00 00000000000007ff 000000 02 00 00', '5 21/00', pair(block(0, 2), block(1, 2))],
  ['WRPROTECT', '89 20 0000000000000000 000000 01 00 00', '5 24/00@1', pair(block(0), block(1))],
  ['too little data', '89 00 0000000000000000 000000 02 00 00', '5 24/00', pair(block(0), block(1))],
  ['too much data', '89 00 0000000000000000 000000 01 00 00', '5 24/00', pair(block(0xbb, 2), block(1, 2))],
  ['255 blocks', '89 00 0000000000000100 000000 ff 00 00', 'good', pair(block(0, 255), block(3, 255))],
  [
    '256 blocks do not fit into the field',
    '89 00 0000000000000100 000000 00 00 00',
    '5 24/00',
    pair(block(3, 256), block(4, 256)),
  ],
  ['ORWRITE', '8b 00 0000000000000010 00000002 00 00', 'good', block(0x0f, 2)],
  ['ORWRITE again', '8b 08 0000000000000010 00000001 00 00', 'good', block(0xf0)],
  ['both', '28 00 00000010 00 0002 00', 'good', undefined, hexOf(0xff) + hexOf(0x0f)],
  ['ORWRITE past the end', '8b 00 0000000000000800 00000001 00 00', '5 21/00', block(1)],
  ['ORWRITE with ORPROTECT', '8b 20 0000000000000000 00000001 00 00', '5 24/00@1', block(1)],
  ['ORWRITE with too little data', '8b 00 0000000000000010 00000002 00 00', '5 24/00', block(1)],
  ['ORWRITE of nothing', '8b 00 0000000000000010 00000000 00 00', 'good'],
];

test('golden rows', async () => {
  await runRows(await makeUnit(), COMPARE);
});

/** The number that block 0 counts. */
async function counted(unit: DeviceServer): Promise<number> {
  return (await dataOf(unit, '28 00 00000000 00 0001 00')).readUInt32BE(0);
}

function numbered(value: number): Buffer {
  const data = block(0);
  data.writeUInt32BE(value);
  return data;
}

test('of many that compare with the same content at once, one wins', async () => {
  const unit = await makeUnit({ store: slowStore() });
  const results = await Promise.all(
    Array.from({ length: 12 }, (_, index) =>
      run(unit, '89 00 0000000000000000 000000 01 00 00', { data: pair(block(0), numbered(index + 1)) }),
    ),
  );
  assert.is(results.filter((result) => brief(result) === 'good').length, 1);
  assert.is(results.filter((result) => brief(result).startsWith('e 1d/00')).length, 11);
});

test('counting by compare and write loses no count during writes and reads of neighbouring blocks', async () => {
  const unit = await makeUnit({ store: slowStore() });
  const count = async (times: number) => {
    for (let done = 0; done < times; ) {
      const value = await counted(unit);
      const result = await run(unit, '89 00 0000000000000000 000000 01 00 00', {
        data: pair(numbered(value), numbered(value + 1)),
      });
      if (brief(result) === 'good') done += 1;
    }
  };
  const disturb = async () => {
    for (let round = 0; round < 20; round += 1) await run(unit, '2a 00 00000001 00 0001 00', { data: block(round) });
  };
  await Promise.all([count(8), count(8), count(8), disturb()]);
  assert.is(await counted(unit), 24);
});

test('a write to the same blocks comes before or after, never in between', async () => {
  for (let round = 0; round < 20; round += 1) {
    const unit = await makeUnit({ store: slowStore() });
    const [exchange] = await Promise.all([
      run(unit, '89 00 0000000000000000 000000 01 00 00', { data: pair(block(0), block(1)) }),
      run(unit, '2a 00 00000000 00 0001 00', { data: block(2) }),
    ]);
    const found = (await dataOf(unit, '28 00 00000000 00 0001 00'))[0];
    // Before it: the exchange fails. After it: the exchange succeeds and is overwritten.
    assert.is(found, 2, brief(exchange));
  }
});

test('concurrent ORWRITEs of one block keep each other’s bits', async () => {
  const unit = await makeUnit({ store: slowStore() });
  await Promise.all(
    Array.from({ length: 8 }, (_, bit) =>
      run(unit, '8b 00 0000000000000000 00000001 00 00', { data: block(1 << bit) }),
    ),
  );
  assert.ok((await dataOf(unit, '28 00 00000000 00 0001 00')).equals(block(0xff)));
});

test.run();

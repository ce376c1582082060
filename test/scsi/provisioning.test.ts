import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openFileStore } from '../../src/store/open-file-store.ts';
import { brief, dataOf, makeUnit, type Row, run, runRows } from './unit-harness.ts';

const block = (fill: number, count = 1) => Buffer.alloc(512 * count, fill);
const hexOf = (fill: number, count = 1) => block(fill, count).toString('hex');

const test = suite('thin provisioning');

/** An UNMAP parameter list (SBC-3 §5.27.2). */
function unmapList(...ranges: readonly (readonly [lba: number, blockCount: number])[]): Buffer {
  const list = Buffer.alloc(8 + 16 * ranges.length);
  list.writeUInt16BE(list.length - 2, 0);
  list.writeUInt16BE(16 * ranges.length, 2);
  for (const [index, [lba, blockCount]] of ranges.entries()) {
    list.writeBigUInt64BE(BigInt(lba), 8 + 16 * index);
    list.writeUInt32BE(blockCount, 16 + 16 * index);
  }
  return list;
}

function unmapCdb(list: Buffer): string {
  return `42 00 00 00 00 00 00 ${list.length.toString(16).padStart(4, '0')} 00`;
}

const WRITE_SAME: readonly Row[] = [
  ['WRITE SAME(10)', '41 00 00000000 00 0003 00', 'good', block(0x5a)],
  ['three copies, not four', '28 00 00000000 00 0004 00', 'good', undefined, hexOf(0x5a, 3) + hexOf(0)],
  ['WRITE SAME(16)', '93 00 0000000000000008 00000002 00 00', 'good', block(0x6b)],
  ['WRITE SAME(16) NDOB', '93 01 0000000000000001 00000001 00 00', 'good'],
  ['zeroes in between', '28 00 00000000 00 0003 00', 'good', undefined, hexOf(0x5a) + hexOf(0) + hexOf(0x5a)],
  ['UNMAP of zeroes', '41 08 00000000 00 0001 00', 'good', block(0)],
  ['UNMAP of data writes it', '93 08 0000000000000002 00000001 00 00', 'good', block(0x11)],
  ['UNMAP and NDOB', '93 09 0000000000000008 00000001 00 00', 'good'],
  ['so it is', '28 00 00000000 00 0003 00', 'good', undefined, hexOf(0, 2) + hexOf(0x11)],
  ['and so', '28 00 00000008 00 0002 00', 'good', undefined, hexOf(0) + hexOf(0x6b)],
  ['ANCHOR', '41 18 00000000 00 0001 00', '5 24/00@1', block(0)],
  ['LBDATA', '41 02 00000000 00 0001 00', '5 24/00@1', block(0)],
  ['0 blocks', '41 00 00000000 00 0000 00', '5 24/00@7', block(0)],
  ['0 blocks (16)', '93 00 0000000000000000 00000000 00 00', '5 24/00@10', block(0)],
  ['past the end', '93 00 00000000000007ff 00000002 00 00', '5 21/00', block(0)],
  ['wrap', '93 00 ffffffffffffffff ffffffff 00 00', '5 21/00', block(0)],
  ['WRPROTECT', '41 20 00000000 00 0001 00', '5 24/00@1', block(0)],
  ['half a block', '41 00 00000000 00 0001 00', '5 24/00', block(0).subarray(0, 256)],
  ['two blocks', '41 08 00000000 00 0001 00', '5 24/00', block(0, 2)],
  ['no data', '41 00 00000000 00 0001 00', '5 24/00'],
];

test('WRITE SAME', async () => {
  await runRows(await makeUnit(), WRITE_SAME);
});

test('WRITE SAME over more than it writes at a time', async () => {
  const unit = await makeUnit();
  assert.is(brief(await run(unit, '93 00 0000000000000001 000007ff 00 00', { data: block(7) })), 'good');
  assert.ok((await dataOf(unit, '28 00 00000000 00 0800 00')).equals(Buffer.concat([block(0), block(7, 2047)])));
});

test('UNMAP makes the blocks zero, and no others', async () => {
  const unit = await makeUnit();
  await run(unit, '41 00 00000000 00 0100 00', { data: block(9) });
  const list = unmapList([8, 16], [100, 1], [0, 0]);
  assert.is(brief(await run(unit, unmapCdb(list), { data: list })), 'good');
  const expected = block(9, 256)
    .fill(0, 8 * 512, 24 * 512)
    .fill(0, 100 * 512, 101 * 512);
  assert.ok((await dataOf(unit, '28 00 00000000 00 0100 00')).equals(expected));
});

test('UNMAP checks everything before it does anything', async () => {
  const unit = await makeUnit();
  await run(unit, '41 00 00000000 00 0100 00', { data: block(9) });
  const cases: readonly (readonly [Buffer, string])[] = [
    [unmapList([0, 8], [2047, 2]), '5 21/00'],
    [unmapList([0, 8], [2 ** 52, 1]), '5 21/00'],
    [unmapList(...Array.from({ length: 257 }, () => [0, 8] as const)), '5 26/00@2'],
    [unmapList([0, 8]).subarray(0, 7), '5 1a/00'],
  ];
  for (const [list, outcome] of cases) assert.is(brief(await run(unit, unmapCdb(list), { data: list })), outcome);
  assert.is(brief(await run(unit, '42 01 00 00 00 00 00 0018 00', { data: unmapList([0, 8]) })), '5 24/00@1');
  assert.ok((await dataOf(unit, '28 00 00000000 00 0100 00')).equals(block(9, 256)));
});

test('UNMAP without a list, with a list without descriptors, and with half a descriptor does nothing', async () => {
  const unit = await makeUnit();
  await run(unit, '2a 00 00000000 00 0001 00', { data: block(9) });
  assert.is(brief(await run(unit, '42 00 00 00 00 00 00 0000 00')), 'good');
  assert.is(brief(await run(unit, unmapCdb(unmapList()), { data: unmapList() })), 'good');
  const half = unmapList([0, 1]).subarray(0, 16);
  assert.is(brief(await run(unit, unmapCdb(half), { data: half })), 'good');
  assert.ok((await dataOf(unit, '28 00 00000000 00 0001 00')).equals(block(9)));
});

test('GET LBA STATUS tells holes from data', async () => {
  const unit = await makeUnit();
  await run(unit, '2a 00 00000010 00 0008 00', { data: block(1, 8) });
  const data = await dataOf(unit, '9e 12 0000000000000000 00000100 00 00');
  const found = [];
  for (let at = 8; at < data.length; at += 16) {
    found.push([Number(data.readBigUInt64BE(at)), data.readUInt32BE(at + 8), data[at + 12]]);
  }
  assert.equal(found, [
    [0, 16, 1],
    [16, 8, 0],
    [24, 2024, 1],
  ]);
  assert.is(data.readUInt32BE(0), data.length - 4);
});

test('GET LBA STATUS starts at the requested LBA, fits its length, and refuses an address past the end', async () => {
  const unit = await makeUnit();
  await run(unit, '2a 00 00000010 00 0008 00', { data: block(1, 8) });
  const one = await dataOf(unit, '9e 12 0000000000000013 00000018 00 00');
  assert.is(one.length, 24);
  assert.is(Number(one.readBigUInt64BE(8)), 0x13);
  assert.is(one.readUInt32BE(16), 5);
  assert.is(one[20], 0);
  assert.is((await dataOf(unit, '9e 12 0000000000000000 00000004 00 00')).length, 4);
  assert.is(brief(await run(unit, '9e 12 0000000000000800 00000018 00 00')), '5 21/00');
});

/**
 * GetLBAStatus.UnmapSingle of libiscsi, with the one change that it needs: it asks for the status at LBA `end + 1` and wants that of
 * `end + 8` in answer, which are the same with one logical block to a physical one only.
 */
test('GET LBA STATUS around an unmapped range: the neighbours stay mapped, and every answer begins where it was asked for', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'spare-holes-'));
  const path = join(directory, 'disk.img');
  writeFileSync(path, '');
  truncateSync(path, 1 << 20);
  const store = openFileStore({ path });
  const unit = await makeUnit({ store });
  const statusAt = async (lba: number): Promise<[lba: number, blockCount: number, status: number]> => {
    const data = await dataOf(unit, `9e 12 ${lba.toString(16).padStart(16, '0')} 00000018 00 00`);
    return [Number(data.readBigUInt64BE(8)), data.readUInt32BE(16), data[20] ?? 0xff];
  };
  try {
    for (let end = 8; end <= 248; end += 8) {
      await run(unit, '2a 00 00000000 00 0108 00', { data: block(0x41, 264) });
      const list = unmapList([0, end]);
      assert.is(brief(await run(unit, unmapCdb(list), { data: list })), 'good');
      assert.equal(await statusAt(0), [0, end, 1]);
      assert.equal(await statusAt(end - 1), [end - 1, 1, 1]);
      for (const lba of [end, end + 1, end + 8]) assert.equal(await statusAt(lba), [lba, 264 - lba, 0]);
    }
  } finally {
    await new Promise((resolve) => store.close(resolve));
    rmSync(directory, { recursive: true });
  }
});

test('a unit that is not thin has no UNMAP, and says so everywhere', async () => {
  const unit = await makeUnit({ thin: false });
  const list = unmapList([0, 8]);
  assert.is(brief(await run(unit, unmapCdb(list), { data: list })), '5 20/00');
  assert.is(brief(await run(unit, '41 08 00000000 00 0001 00', { data: block(0) })), '5 24/00@1');
  assert.is((await dataOf(unit, '9e 10 0000000000000000 00000020 00 00'))[14], 0x00);
  assert.is((await dataOf(unit, '12 01 b2 00 ff 00'))[5], 0x00);
  const limits = await dataOf(unit, '12 01 b0 00 ff 00');
  assert.ok(limits.subarray(20, 36).equals(Buffer.alloc(16)));
  const all = await dataOf(unit, '9e 12 0000000000000000 00000018 00 00');
  assert.is(all.readUInt32BE(16), 2048);
  assert.is(all[20], 0);
});

test.run();

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { seedOf } from '../fixtures/seed.ts';
import { brief, dataOf, makeUnit, type Row, run, runRows } from './unit-harness.ts';

const block = (fill: number, count = 1) => Buffer.alloc(512 * count, fill);
const hexOf = (fill: number, count = 1) => block(fill, count).toString('hex');

const test = suite('medium access commands');

/** The unit has 2048 blocks of 512 bytes: the last is 7FFh. One command may move 8 MiB, which is 4000h blocks. */
const READ_WRITE: readonly Row[] = [
  ['WRITE(6)', '0a 00 0001 01 00', 'good', block(0x11)],
  ['READ(6)', '08 00 0001 01 00', 'good', undefined, hexOf(0x11)],
  ['WRITE(10)', '2a 00 00000002 00 0001 00', 'good', block(0x22)],
  ['WRITE(12)', 'aa 00 00000003 00000001 00 00', 'good', block(0x33)],
  ['WRITE(16)', '8a 00 0000000000000004 00000001 00 00', 'good', block(0x44)],
  ['READ(10)', '28 00 00000001 00 0002 00', 'good', undefined, hexOf(0x11) + hexOf(0x22)],
  ['READ(12)', 'a8 00 00000003 00000001 00 00', 'good', undefined, hexOf(0x33)],
  ['READ(16)', '88 00 0000000000000004 00000001 00 00', 'good', undefined, hexOf(0x44)],
  ['READ(10) with DPO and FUA', '28 18 00000002 00 0001 00', 'good', undefined, hexOf(0x22)],
  ['WRITE(10) with DPO and FUA', '2a 18 000007ff 00 0001 00', 'good', block(0x77)],
  ['the last block', '28 00 000007ff 00 0001 00', 'good', undefined, hexOf(0x77)],
  ['nothing at the end', '28 00 00000800 00 0000 00', 'good', undefined, ''],
  ['nothing past the end', '28 00 00000801 00 0000 00', '5 21/00'],
  ['one past the end', '28 00 00000800 00 0001 00', '5 21/00'],
  ['across the end', '28 00 000007ff 00 0002 00', '5 21/00'],
  ['WRITE across the end', '2a 00 000007ff 00 0002 00', '5 21/00', block(0xff, 2)],
  ['READ(6) of 256 blocks across the end', '08 00 0701 00 00', '5 21/00'],
  ['an address and a length that wrap 32 bits', 'a8 00 ffffffff 00000001 00 00', '5 21/00'],
  ['an address of 2^32', '88 00 0000000100000000 00000001 00 00', '5 21/00'],
  ['an address that wraps 64 bits', '88 00 ffffffffffffffff 00000001 00 00', '5 21/00'],
  ['an address beyond 2^53', '88 00 0020000000000001 00000000 00 00', '5 21/00'],
  ['WRITE of 4 GiB and more', '8a 00 0000000000000000 ffffffff 00 00', '5 21/00', block(0xff)],
  ['RDPROTECT', '28 20 00000000 00 0001 00', '5 24/00@1'],
  ['WRPROTECT', '2a 20 00000000 00 0001 00', '5 24/00@1', block(0xff)],
  ['WRPROTECT 7', '8a e0 0000000000000000 00000001 00 00', '5 24/00@1', block(0xff)],
  ['NACA', '28 00 00000000 00 0001 04', '5 24/00@9'],
  ['block 0 was never written', '28 00 00000000 00 0001 00', 'good', undefined, hexOf(0x00)],
  ['the last block is as it was', '28 00 000007ff 00 0001 00', 'good', undefined, hexOf(0x77)],
];

test('READ and WRITE in all lengths', async () => {
  await runRows(await makeUnit(), READ_WRITE);
});

test('READ(6) and WRITE(6) with a length of 0 move 256 blocks', async () => {
  const unit = await makeUnit();
  assert.is(brief(await run(unit, '0a 00 0000 00 00', { data: block(0x66, 256) })), 'good');
  assert.ok((await dataOf(unit, '08 00 0000 00 00')).equals(block(0x66, 256)));
  assert.ok((await dataOf(unit, '28 00 00000100 00 0001 00')).equals(block(0)));
});

test('if less data arrives than the CDB announces, it is written and the rest is a residual', async () => {
  const unit = await makeUnit();
  await run(unit, '2a 00 00000000 00 0004 00', { data: block(0xaa, 4) });
  const short = await run(unit, '2a 00 00000000 00 0003 00', { data: block(0xbb, 1) });
  assert.is(brief(short), 'good');
  assert.is(short.dataOutWanted_bytes, 1536);
  const none = await run(unit, '2a 00 00000000 00 0001 00');
  assert.is(brief(none), 'good');
  const found = await dataOf(unit, '28 00 00000000 00 0004 00');
  assert.ok(found.equals(Buffer.concat([block(0xbb), block(0xaa, 3)])));
});

test('a part of a block is written as far as it arrived, and what follows stays', async () => {
  for (const cdb of [
    '0a 00 0000 02 00',
    '2a 00 00000000 00 0002 00',
    'aa 00 00000000 00000002 00 00',
    '8a 00 0000000000000000 00000002 00 00',
    '2e 02 00000000 00 0002 00',
    'ae 02 00000000 00000002 00 00',
    '8e 02 0000000000000000 00000002 00 00',
  ]) {
    const unit = await makeUnit();
    await run(unit, '2a 00 00000000 00 0003 00', { data: block(0xaa, 3) });
    const result = await run(unit, cdb, { data: block(0xcc, 2).subarray(0, 700) });
    assert.is(brief(result), 'good', cdb);
    assert.is(result.dataOutWanted_bytes, 1024);
    const found = await dataOf(unit, '28 00 00000000 00 0003 00');
    assert.ok(found.equals(Buffer.concat([Buffer.alloc(700, 0xcc), Buffer.alloc(836, 0xaa)])), cdb);
  }
});

test('Data-Out in many small pieces is written in order', async () => {
  const unit = await makeUnit();
  const pieces = Array.from({ length: 8 }, (_, index) => Buffer.alloc(128, index + 1));
  await run(unit, '2a 00 00000000 00 0002 00', { data: pieces });
  assert.ok((await dataOf(unit, '28 00 00000000 00 0002 00')).equals(Buffer.concat(pieces)));
});

test('addresses count blocks of 4096 bytes where the unit has those', async () => {
  const unit = await makeUnit({ blockSize_bytes: 4096 });
  await run(unit, '2a 00 000000ff 00 0001 00', { data: Buffer.alloc(4096, 5) });
  assert.ok((await dataOf(unit, '28 00 000000ff 00 0001 00')).equals(Buffer.alloc(4096, 5)));
  assert.is(brief(await run(unit, '28 00 00000100 00 0001 00')), '5 21/00');
});

const VERIFY: readonly Row[] = [
  ['setup', '2a 00 00000000 00 0002 00', 'good', block(0x55, 2)],
  ['VERIFY(10) of the medium', '2f 00 00000000 00 0002 00', 'good'],
  ['VERIFY(10) BYTCHK 1, equal', '2f 02 00000000 00 0002 00', 'good', block(0x55, 2)],
  ['VERIFY(12) BYTCHK 1, equal', 'af 02 00000000 00000002 00 00', 'good', block(0x55, 2)],
  ['VERIFY(16) BYTCHK 1, equal', '8f 02 0000000000000000 00000002 00 00', 'good', block(0x55, 2)],
  ['VERIFY(10) BYTCHK 1, different', '2f 02 00000000 00 0002 00', 'e 1d/00', Buffer.concat([block(0x55), block(0x56)])],
  ['VERIFY(16) BYTCHK 3, equal', '8f 06 0000000000000000 00000002 00 00', 'good', block(0x55)],
  ['VERIFY(16) BYTCHK 3, different', '8f 06 0000000000000001 00000002 00 00', 'e 1d/00', block(0x55)],
  ['VERIFY(10) BYTCHK 2', '2f 04 00000000 00 0002 00', '5 24/00@1'],
  ['VERIFY(10) BYTCHK 1 with too little data', '2f 02 00000000 00 0002 00', '5 24/00', block(0x55)],
  ['VERIFY(10) past the end', '2f 00 000007ff 00 0002 00', '5 21/00'],
  ['VERIFY(10) with VRPROTECT', '2f 20 00000000 00 0001 00', '5 24/00@1'],
  ['VERIFY(10) of nothing', '2f 02 00000000 00 0000 00', 'good'],
  ['WRITE AND VERIFY(10)', '2e 00 00000004 00 0001 00', 'good', block(0x12)],
  ['WRITE AND VERIFY(12) BYTCHK 1', 'ae 02 00000005 00000001 00 00', 'good', block(0x13)],
  ['WRITE AND VERIFY(16)', '8e 10 0000000000000006 00000001 00 00', 'good', block(0x14)],
  ['they wrote', '28 00 00000004 00 0003 00', 'good', undefined, hexOf(0x12) + hexOf(0x13) + hexOf(0x14)],
  ['WRITE AND VERIFY(10) BYTCHK 2', '2e 04 00000004 00 0001 00', '5 24/00@1', block(0)],
  ['WRITE AND VERIFY(10) past the end', '2e 00 00000800 00 0001 00', '5 21/00', block(0)],
  ['WRITE AND VERIFY(10) with WRPROTECT', '2e 20 00000000 00 0001 00', '5 24/00@1', block(0)],
];

test('VERIFY and WRITE AND VERIFY', async () => {
  await runRows(await makeUnit(), VERIFY);
});

test('a comparison over several MiB finds one wrong byte in the last one', async () => {
  const unit = await makeUnit({ store: new MemoryStore({ size_bytes: 8 * 1_048_576 }) });
  const data = Buffer.alloc(3 * 1_048_576, 9);
  await run(unit, '2a 00 00000000 00 1800 00', { data });
  assert.is(brief(await run(unit, '2f 02 00000000 00 1800 00', { data })), 'good');
  data[data.length - 1] = 8;
  assert.is(brief(await run(unit, '2f 02 00000000 00 1800 00', { data })), 'e 1d/00');
  assert.is(brief(await run(unit, '2f 06 00000000 00 1800 00', { data: block(9) })), 'good');
});

const CACHE: readonly Row[] = [
  ['SYNCHRONIZE CACHE(10) of everything', '35 00 00000000 00 0000 00', 'good'],
  ['SYNCHRONIZE CACHE(10) IMMED', '35 02 00000000 00 0001 00', 'good'],
  ['SYNCHRONIZE CACHE(16)', '91 00 0000000000000000 00000800 00 00', 'good'],
  ['SYNCHRONIZE CACHE(10) past the end', '35 00 000007ff 00 0002 00', '5 21/00'],
  ['PRE-FETCH(10)', '34 00 00000000 00 0008 00', 'good'],
  ['PRE-FETCH(16) IMMED', '90 02 0000000000000000 00000008 00 00', 'good'],
  ['PRE-FETCH(10) past the end', '34 00 00000801 00 0000 00', '5 21/00'],
  ['PRE-FETCH(16) past the end', '90 00 ffffffffffffffff 00000001 00 00', '5 21/00'],
];

test('SYNCHRONIZE CACHE and PRE-FETCH', async () => {
  await runRows(await makeUnit(), CACHE);
});

const REFUSED: readonly Row[] = [
  ['EXTENDED COPY', '83 00', '5 20/00'],
  ['EXTENDED COPY(LID4)', '83 01', '5 20/00'],
  ['RECEIVE COPY RESULTS', '84 03', '5 20/00'],
  ['SANITIZE', '48 01', '5 20/00'],
  ['FORMAT UNIT', '04 00', '5 20/00'],
  ['WRITE ATOMIC(16)', '9c 00', '5 20/00'],
  ['XDWRITEREAD(10)', '53 00', '5 20/00'],
  ['LOG SENSE', '4d 00', '5 20/00'],
  ['WRITE BUFFER', '3b 00', '5 20/00'],
  ['SEND DIAGNOSTIC', '1d 00', '5 20/00'],
  ...['07', '3c', '3e', '3f', '4c', '50', '51', '52', '7f', '9b', '9f 11', 'a2', 'a4 0a', 'b5'].map(
    (opcode): Row => [`opcode ${opcode}`, opcode, '5 20/00'],
  ),
  ['READ LONG(16)', '9e 11', '5 24/00@1'],
  ['variable length', '7f 00', '5 20/00'],
  ['a vendor opcode', 'ff 00', '5 20/00'],
  ['SERVICE ACTION IN(16) without a known action', '9e 11', '5 24/00@1'],
  ['MAINTENANCE IN without a known action', 'a3 05', '5 24/00@1'],
  ['PERSISTENT RESERVE IN without a known action', '5e 04', '5 24/00@1'],
  ['PERSISTENT RESERVE OUT: REGISTER AND MOVE', '5f 07', '5 24/00@1'],
];

test('what is not there is refused', async () => {
  await runRows(await makeUnit(), REFUSED);
});

test('no CDB whatever makes it throw or answer twice', async () => {
  const unit = await makeUnit();
  const seed = seedOf('SPARE_TEST_SEED');
  let state = seed;
  const random = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 0x1_0000_0000) * below);
  };
  for (let round = 0; round < 3_000; round += 1) {
    const cdb = Buffer.from(Array.from({ length: 16 }, () => (random(2) === 0 ? 0 : random(256))));
    // Every opcode comes up, with service actions that are likely to be there.
    cdb[0] = round % 256;
    const result = await run(unit, cdb.toString('hex'), { data: block(random(256), 1 + random(3)) });
    assert.ok(
      [0x00, 0x02, 0x18].includes(result.status),
      `status ${result.status} with seed ${seed} in round ${round}`,
    );
    if (result.status === 0x02) assert.ok((result.sense?.length ?? 0) >= 8, `seed ${seed}, round ${round}`);
  }
});

test.run();

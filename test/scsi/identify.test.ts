import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { brief, dataOf, makeUnit, type Row, run, runRows } from './unit-harness.ts';

const test = suite('INQUIRY, capacity, reports');

test('standard INQUIRY data', async () => {
  const data = await dataOf(await makeUnit(), '12 00 00 00 ff 00');
  assert.is(data.length, 96);
  assert.is(data.subarray(0, 8).toString('hex'), '000006125b100002');
  assert.is(data.toString('latin1', 8, 36), 'SPARE   MIRROR LEG      0001');
  assert.is(data.subarray(58, 66).toString('hex'), '00a0046004c00960');
});

test('the vendor-specific bytes are asked for each time, and nothing else moves', async () => {
  let text = '';
  const unit = await makeUnit({ vendorText: () => text });
  const before = await dataOf(unit, '12 00 00 00 ff 00');
  assert.is(before.subarray(36, 56).toString('hex'), '00'.repeat(20));
  text = 'spare pair 7 and far too long';
  const after = await dataOf(unit, '12 00 00 00 ff 00');
  assert.is(after.toString('latin1', 36, 56), 'spare pair 7 and far');
  assert.equal([after.subarray(0, 36), after.subarray(56)], [before.subarray(0, 36), before.subarray(56)]);
});

test('a removable unit says so', async () => {
  assert.is((await dataOf(await makeUnit({ removable: true }), '12 00 00 00 ff 00'))[1], 0x80);
});

const INQUIRY: readonly Row[] = [
  ['allocation length 0', '12 00 00 00 00 00', 'good', undefined, ''],
  ['allocation length 5', '12 00 00 00 05 00', 'good', undefined, '00 00 06 12 5b'],
  ['allocation length of two bytes', '12 00 00 01 00 00', 'good'],
  ['CMDDT', '12 02 00 00 ff 00', '5 24/00@1'],
  ['page code without EVPD', '12 00 83 00 ff 00', '5 24/00@2'],
  ['supported pages', '12 01 00 00 ff 00', 'good', undefined, '00 00 0007 00 80 83 86 b0 b1 b2'],
  ['unknown page', '12 01 c0 00 ff 00', '5 24/00@2'],
  ['thin provisioning', '12 01 b2 00 ff 00', 'good', undefined, '00 b2 0004 00 e4 02 00'],
];

test('INQUIRY and its vital product data', async () => {
  await runRows(await makeUnit(), INQUIRY);
});

test('every supported page can be read, has its code and its length', async () => {
  const unit = await makeUnit();
  for (const code of (await dataOf(unit, '12 01 00 00 ff 00')).subarray(4)) {
    const page = await dataOf(unit, `12 01 ${code.toString(16).padStart(2, '0')} 00 ff 00`);
    assert.is(page[1], code);
    assert.is(page.readUInt16BE(2), page.length - 4);
  }
});

test('the identity depends on its name only', async () => {
  const first = await dataOf(await makeUnit({ identity: 'a' }), '12 01 83 00 ff 00');
  const again = await dataOf(await makeUnit({ identity: 'a' }), '12 01 83 00 ff 00');
  const other = await dataOf(await makeUnit({ identity: 'b' }), '12 01 83 00 ff 00');
  assert.ok(first.equals(again));
  assert.not(first.equals(other));
});

test('device identification: T10 vendor ID, NAA 3, relative port, port group', async () => {
  const page = await dataOf(await makeUnit(), '12 01 83 00 ff 00');
  const designators: string[] = [];
  for (let at = 4; at < page.length; at += 4 + (page[at + 3] ?? 0)) {
    designators.push(page.subarray(at, at + 4).toString('hex'));
    if (page[at + 1] === 0x03) assert.is((page[at + 4] ?? 0) >> 4, 3);
  }
  assert.equal(designators, ['02010018', '01030008', '51940004', '51950004']);
});

test('block limits in blocks of the unit', async () => {
  const small = await dataOf(await makeUnit({ physicalBlockSize_bytes: 4096 }), '12 01 b0 00 ff 00');
  assert.is(small.length, 64);
  assert.is(small[4], 0x01);
  assert.is(small[5], 255);
  assert.is(small.readUInt16BE(6), 8);
  assert.is(small.readUInt32BE(8), 16_384);
  assert.is(small.readUInt32BE(24), 256);
  assert.is(small.readUInt32BE(28), 8);
  const large = await dataOf(await makeUnit({ blockSize_bytes: 4096 }), '12 01 b0 00 ff 00');
  assert.is(large.readUInt16BE(6), 1);
  assert.is(large.readUInt32BE(8), 2_048);
});

test('a transfer longer than the block limits is refused', async () => {
  const unit = await makeUnit({ store: new MemoryStore({ size_bytes: 16 * 1_048_576 }) });
  assert.is(brief(await run(unit, '88 00 0000000000000000 00004001 00 00')), '5 24/00@10');
  assert.is(brief(await run(unit, '8a 00 0000000000000000 00004001 00 00')), '5 24/00@10');
  assert.is((await dataOf(unit, '88 00 0000000000000000 00004000 00 00')).length, 8 * 1_048_576);
});

const CAPACITY: readonly Row[] = [
  ['READ CAPACITY(10)', '25 00 00000000 0000 00 00', 'good', undefined, '000007ff 00000200'],
  ['with an address', '25 00 00000001 0000 00 00', '5 24/00@2'],
  ['with PMI', '25 00 00000000 0000 01 00', '5 24/00@8'],
  ['READ CAPACITY(16)', '9e 10 0000000000000000 0000000d 00 00', 'good', undefined, '00000000000007ff 00000200 00'],
];

test('READ CAPACITY', async () => {
  await runRows(await makeUnit(), CAPACITY);
  const whole = await dataOf(
    await makeUnit({ physicalBlockSize_bytes: 4096 }),
    '9e 10 0000000000000000 000000ff 00 00',
  );
  assert.is(whole.toString('hex'), `00000000000007ff0000020000 03 c000${'00'.repeat(16)}`.replaceAll(' ', ''));
});

test('READ CAPACITY(10) of a unit that is too large for it points to READ CAPACITY(16)', async () => {
  const unit = await makeUnit({ store: new MemoryStore({ size_bytes: 4 * 2 ** 40 }) });
  assert.is((await dataOf(unit, '25 00 00000000 0000 00 00')).readUInt32BE(0), 0xffff_ffff);
  assert.is(Number((await dataOf(unit, '9e 10 0000000000000000 00000020 00 00')).readBigUInt64BE(0)), 2 ** 33 - 1);
  await run(unit, '8a 00 00000001ffffffff 00000001 00 00', { data: Buffer.alloc(512, 3) });
  assert.ok((await dataOf(unit, '88 00 00000001ffffffff 00000001 00 00')).equals(Buffer.alloc(512, 3)));
});

const REPORTS: readonly Row[] = [
  ['REPORT LUNS', 'a0 00 00 000000 00000010 00 00', 'good', undefined, '00000008 00000000 0001000000000000'],
  ['well-known only', 'a0 00 01 000000 00000010 00 00', 'good', undefined, '00000000 00000000'],
  ['all', 'a0 00 02 000000 00000010 00 00', 'good', undefined, '00000008 00000000 0001000000000000'],
  ['too short', 'a0 00 00 000000 0000000f 00 00', '5 24/00@6'],
  ['unknown selection', 'a0 00 13 000000 00000010 00 00', '5 24/00@2'],
  ['port groups', 'a3 0a 0000 0000 000000ff 00 00', 'good', undefined, '0000000c 00010001 00000001 00000001'],
  [
    'port groups, extended',
    'a3 2a 0000 0000 000000ff 00 00',
    'good',
    undefined,
    '00000010 10000000 00010001 00000001 00000001',
  ],
  ['task management', 'a3 0d 0000 0000 000000ff 00 00', 'good', undefined, 'da000000'],
  [
    'task management, extended',
    'a3 0d 80 00 0000 000000ff 00 00',
    'good',
    undefined,
    'da00000c 000000000000000000000000',
  ],
  ['task management, too short', 'a3 0d 0000 0000 00000003 00 00', '5 24/00@6'],
  ['defects (10)', '37 00 1d 00000000 0008 00', 'good', undefined, '001d0000'],
  ['defects (12)', 'b7 1d 00000000 00000010 00 00', 'good', undefined, '001d000000000000'],
];

test('reports', async () => {
  await runRows(await makeUnit(), REPORTS);
});

test('REPORT SUPPORTED OPERATION CODES: what it lists can be asked for one by one, and has the opcode in its usage data', async () => {
  const unit = await makeUnit();
  const all = await dataOf(unit, 'a3 0c 00 00 0000 0000ffff 00 00');
  assert.is(all.readUInt32BE(0), all.length - 4);
  let listed = 0;
  for (let at = 4; at < all.length; at += 8, listed += 1) {
    const opcode = all.toString('hex', at, at + 1);
    const action = all.toString('hex', at + 2, at + 4);
    const hasAction = ((all[at + 5] ?? 0) & 0x01) === 1;
    const right = await dataOf(unit, `a3 0c ${hasAction ? '02' : '01'} ${opcode} ${action} 0000ffff 00 00`);
    assert.is(right[1], 0x03, `${opcode}/${action}`);
    assert.is(right.readUInt16BE(2), all.readUInt16BE(at + 6));
    assert.is(right.length, 4 + right.readUInt16BE(2));
    assert.is(right.toString('hex', 4, 5), opcode);
    const wrong = await run(unit, `a3 0c ${hasAction ? '01' : '02'} ${opcode} ${action} 0000ffff 00 00`);
    assert.is(brief(wrong), '5 24/00@2', `${opcode}/${action}`);
  }
  assert.ok(listed >= 50, `${listed} commands`);
});

test('REPORT SUPPORTED OPERATION CODES: timeouts, what is not there, and a wrong option', async () => {
  const unit = await makeUnit();
  const plain = await dataOf(unit, 'a3 0c 00 00 0000 0000ffff 00 00');
  const timed = await dataOf(unit, 'a3 0c 80 00 0000 0000ffff 00 00');
  assert.is(timed.length - 4, ((plain.length - 4) / 8) * 20);
  assert.is((await dataOf(unit, 'a3 0c 83 28 0000 0000ffff 00 00')).toString('hex', 0, 4), '0083000a');
  for (const opcode of ['48', '83', '84']) {
    assert.is((await dataOf(unit, `a3 0c 01 ${opcode} 0000 0000ffff 00 00`)).toString('hex'), '00010000');
  }
  assert.is((await dataOf(unit, 'a3 0c 03 9e 0011 0000ffff 00 00')).toString('hex'), '00010000');
  assert.is(brief(await run(unit, 'a3 0c 04 28 0000 0000ffff 00 00')), '5 24/00@2');
});

test.run();

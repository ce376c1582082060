import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BOB, brief, dataOf, decodeSense, makeUnit, type Row, run, runRows } from './unit-harness.ts';

const test = suite('MODE SENSE, MODE SELECT');

const DESCRIPTOR = '00000800 00000200';
const RECOVERY = '010ac00000000000 00000000';
const CACHING = '0812040000000000 0000000000000000 00000000';
const CONTROL = '0a0a001000000000 00000000';
const EXCEPTIONS = '1c0a080000000000 00000000';

const SENSE_ROWS: readonly Row[] = [
  ['caching', '1a 00 08 00 ff 00', 'good', undefined, `1f 00 10 08 ${DESCRIPTOR} ${CACHING}`],
  ['caching without descriptor', '1a 08 08 00 ff 00', 'good', undefined, `17 00 10 00 ${CACHING}`],
  ['caching, changeable', '1a 08 48 00 ff 00', 'good', undefined, `17 00 10 00 ${CACHING}`],
  ['control, changeable', '1a 08 4a 00 ff 00', 'good', undefined, '0f 00 10 00 0a0a040008000000 00000000'],
  ['control, default', '1a 08 8a 00 ff 00', 'good', undefined, `0f 00 10 00 ${CONTROL}`],
  ['saved', '1a 08 ca 00 ff 00', '5 39/00'],
  ['all', '1a 08 3f 00 ff 00', 'good', undefined, `3b 00 10 00 ${RECOVERY} ${CACHING} ${CONTROL} ${EXCEPTIONS}`],
  [
    'all with subpages',
    '1a 08 3f ff ff 00',
    'good',
    undefined,
    `3b 00 10 00 ${RECOVERY} ${CACHING} ${CONTROL} ${EXCEPTIONS}`,
  ],
  ['subpage 1', '1a 08 0a 01 ff 00', '5 24/00@3'],
  ['unknown page', '1a 08 02 00 ff 00', '5 24/00@2'],
  ['cut', '1a 08 08 00 04 00', 'good', undefined, '17 00 10 00'],
  ['(10)', '5a 08 08 00 000000 00ff 00', 'good', undefined, `001a 00 10 00 00 0000 ${CACHING}`],
  [
    '(10) with descriptor',
    '5a 00 08 00 000000 00ff 00',
    'good',
    undefined,
    `0022 00 10 00 00 0008 ${DESCRIPTOR} ${CACHING}`,
  ],
  [
    '(10) with a long descriptor',
    '5a 10 08 00 000000 00ff 00',
    'good',
    undefined,
    `002a 00 10 01 00 0010 0000000000000800 00000000 00000200 ${CACHING}`,
  ],
];

test('MODE SENSE', async () => {
  await runRows(await makeUnit(), SENSE_ROWS);
});

const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');
const select6 = (list: Buffer, flags = '10') => `15 ${flags} 00 00 ${list.length.toString(16).padStart(2, '0')} 00`;

test('a read-only unit sets WP', async () => {
  assert.is((await dataOf(await makeUnit({ readOnly: true }), '1a 08 08 00 ff 00'))[2], 0x90);
});

test('MODE SELECT refuses what is wrong, and changes nothing then', async () => {
  const unit = await makeUnit();
  const rows: readonly (readonly [what: string, list: string, outcome: string, flags?: string])[] = [
    ['without PF', `00000000 ${CACHING}`, '5 24/00@1', '00'],
    ['SP', `00000000 ${CACHING}`, '5 24/00@1', '11'],
    ['unknown page', '00000000 0202 0000', '5 26/00@4'],
    ['wrong page length', '00000000 0a02 0000', '5 26/00@5'],
    ['page cut short', '00000000 0812 0400', '5 1a/00'],
    ['header cut short', '0000', '5 1a/00'],
    ['descriptor cut short', '00000008 00000800', '5 1a/00'],
    ['other capacity', `00000008 00000801 00000200 ${CACHING}`, '5 26/00@4'],
    ['other block size', `00000008 00000800 00001000 ${CACHING}`, '5 26/00@9'],
    ['a bit that can not be changed', '00000000 0812050000000000 0000000000000000 00000000', '5 26/00@6'],
    [
      'the second page is wrong',
      `00000000 0812000000000000 0000000000000000 00000000 ${CONTROL.replace('10', '20')}`,
      '5 26/00@27',
    ],
  ];
  for (const [what, list, outcome, flags] of rows) {
    assert.is(brief(await run(unit, select6(bytes(list), flags), { data: bytes(list) })), outcome, what);
  }
  assert.is((await dataOf(unit, '1a 08 08 00 ff 00'))[6], 0x04);
});

test('MODE SELECT without a list, or without a change, notifies nobody', async () => {
  const unit = await makeUnit();
  assert.is(brief(await run(unit, '15 10 00 00 00 00')), 'good');
  const list = bytes(`00000008 00000000 00000200 ${CACHING}`);
  assert.is(brief(await run(unit, select6(list), { data: list })), 'good');
  assert.is(brief(await run(unit, '00', { nexus: BOB })), 'good');
});

test('WCE can be cleared and set, and the other nexuses are notified', async () => {
  const unit = await makeUnit();
  const off = bytes('0000000000000000 0812000000000000 0000000000000000 00000000');
  assert.is(brief(await run(unit, '55 10 0000000000 001c 00', { data: off })), 'good');
  assert.is((await dataOf(unit, '1a 08 08 00 ff 00'))[6], 0x00);
  assert.is((await dataOf(unit, '1a 08 88 00 ff 00'))[6], 0x04);
  assert.is(brief(await run(unit, '00', { nexus: BOB })), '6 2a/01');
  assert.is(brief(await run(unit, '00', { nexus: BOB })), 'good');
});

test('a write-through unit can not be made to forget its promise', async () => {
  const unit = await makeUnit({ writeCache: false });
  assert.is((await dataOf(unit, '1a 08 08 00 ff 00'))[6], 0x00);
  assert.is((await dataOf(unit, '1a 08 48 00 ff 00'))[6], 0x00);
  const on = bytes(`00000000 ${CACHING}`);
  assert.is(brief(await run(unit, select6(on), { data: on })), '5 26/00@6');
  assert.is((await dataOf(unit, '12 01 86 00 ff 00'))[6], 0x00);
});

test('SWP makes every writing command fail, and is gone after a reset', async () => {
  const unit = await makeUnit();
  const list = bytes('00000000 0a0a001008000000 00000000');
  assert.is(brief(await run(unit, select6(list), { data: list })), 'good');
  assert.is(brief(await run(unit, '2a 00 00000000 00 0001 00', { data: Buffer.alloc(512) })), '7 27/02');
  assert.is(brief(await run(unit, '28 00 00000000 00 0001 00')), 'good');
  assert.is((await dataOf(unit, '1a 08 08 00 ff 00'))[2], 0x90);
  unit.reset();
  assert.is(brief(await run(unit, '00')), '6 29/00');
  assert.is(brief(await run(unit, '2a 00 00000000 00 0001 00', { data: Buffer.alloc(512) })), 'good');
});

test('D_SENSE switches to descriptors, which carry the same', async () => {
  const unit = await makeUnit();
  const list = bytes('00000000 0a0a041000000000 00000000');
  assert.is(brief(await run(unit, select6(list), { data: list })), 'good');
  const refused = await run(unit, '28 20 00000000 00 0001 00');
  assert.is(refused.sense?.[0], 0x72);
  assert.equal(decodeSense(refused.sense ?? Buffer.alloc(0)), { key: 5, asc: 0x24, ascq: 0, field: 1 });
  const miscompare = await run(unit, '89 00 0000000000000000 000000 01 00 00', { data: Buffer.alloc(1024, 1) });
  assert.equal(decodeSense(miscompare.sense ?? Buffer.alloc(0)), { key: 0xe, asc: 0x1d, ascq: 0, information: 0 });
});

test.run();

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LIMITS } from '../../src/iscsi/limits.ts';
import { TextAssembler } from '../../src/iscsi/text-assembler.ts';
import { decodeBinaryValue, decodeTextKeys, encodeTextKeys } from '../../src/iscsi/text-keys.ts';
import { text } from '../fixtures/iscsi/bytes.ts';

const test = suite('text');

test('pairs in order, values with = in them', () => {
  assert.equal(
    [...decodeTextKeys(text('B=1', 'A=x=y', 'C='))],
    [
      ['B', '1'],
      ['A', 'x=y'],
      ['C', ''],
    ],
  );
});

test('zero bytes at the end are padding', () => {
  assert.equal([...decodeTextKeys(Buffer.from('A=1\0\0\0'))], [['A', '1']]);
});

test('encodes what it decodes', () => {
  assert.equal(encodeTextKeys(decodeTextKeys(text('A=1', 'B=2'))), text('A=1', 'B=2'));
});

const REFUSED: [string, Buffer][] = [
  ['a text without its terminator', Buffer.from('A=1')],
  ['a pair without =', text('Alpha')],
  ['an empty key', text('=1')],
  ['a key given twice', text('A=1', 'A=2')],
  ['a key of 64 bytes', text(`${'A'.repeat(LIMITS.keyName_bytes + 1)}=1`)],
  ['a key with a space', text('A B=1')],
  ['a value of 256 bytes', text(`A=${'x'.repeat(LIMITS.value_bytes + 1)}`)],
  ['a large binary value that is too long', text(`CHAP_R=0x${'0'.repeat(2 * LIMITS.binaryValue_bytes + 1)}`)],
  ['too many keys', text(...Array.from({ length: LIMITS.textKeys + 1 }, (_, index) => `X-${index}=1`))],
];
for (const [name, bytes] of REFUSED) test(`refuses ${name}`, () => assert.throws(() => decodeTextKeys(bytes)));

test('takes keys and values at their bounds', () => {
  const key = 'A'.repeat(LIMITS.keyName_bytes);
  const value = 'x'.repeat(LIMITS.value_bytes);
  assert.is(decodeTextKeys(text(`${key}=${value}`)).get(key), value);
});

test('binary values', () => {
  assert.is(decodeBinaryValue('0x0aFF')?.toString('hex'), '0aff');
  assert.is(decodeBinaryValue('0Xaff')?.toString('hex'), '0aff');
  assert.is(decodeBinaryValue('0bCv8=')?.toString('hex'), '0aff');
  for (const bad of [
    '',
    '12',
    '0x',
    '0xgg',
    '0b',
    '0bCv8',
    '0b!!!!',
    `0b${'AAAA'.repeat(400)}`,
    `0x${'00'.repeat(1025)}`,
  ]) {
    assert.is(decodeBinaryValue(bad), undefined, bad.slice(0, 10));
  }
});

test('a text in parts is put together', () => {
  const assembler = new TextAssembler();
  assert.is(assembler.add([Buffer.from('A=')], 2, true), undefined);
  assert.equal([...(assembler.add([Buffer.from('1\0')], 2, false) ?? [])], [['A', '1']]);
});

test('an empty continued part is refused', () => {
  assert.throws(() => new TextAssembler().add([], 0, true), /empty/);
});

test('a text that never ends is refused', () => {
  const assembler = new TextAssembler();
  const part = Buffer.alloc(8192, 'x');
  assert.throws(() => {
    for (let count = 0; count < 3; count++) assembler.add([part], part.length, true);
  }, /exceeds 16384 bytes/);
});

test.run();

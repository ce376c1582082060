import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeSense, invalidCdbField, invalidParameter, SENSE, senseOfStoreError } from '../../src/scsi/sense.ts';

const test = suite('sense');

test('fixed format, byte by byte', () => {
  const cases = [
    [SENSE.none, '700000000000000a00000000000000000000'],
    [SENSE.lbaOutOfRange, '700005000000000a00000000210000000000'],
    [{ ...SENSE.unrecoveredReadError, information: 0x01020304 }, 'f00003010203040a00000000110000000000'],
    [invalidCdbField(2).sense, '700005000000000a000000002400 00c00002'],
    [invalidCdbField(1, 4).sense, '700005000000000a000000002400 00cc0001'],
    [invalidParameter(20, 0).sense, '700005000000000a000000002600 00880014'],
  ] as const;
  for (const [sense, expected] of cases) {
    assert.is(encodeSense(sense, false).toString('hex'), expected.replaceAll(' ', ''));
  }
});

test('descriptor format, byte by byte', () => {
  const cases = [
    [SENSE.none, '7200000000000000'],
    [{ ...SENSE.miscompareDuringVerify, information: 300 }, '720e1d000000000c 000a8000000000000000012c'],
    [invalidCdbField(1, 4).sense, '7205240000000008 02060000cc000100'],
  ] as const;
  for (const [sense, expected] of cases) {
    assert.is(encodeSense(sense, true).toString('hex'), expected.replaceAll(' ', ''));
  }
});

test('an address that does not fit into 32 bits is left out of fixed format, and kept in descriptors', () => {
  const sense = { ...SENSE.writeError, information: 2 ** 32 };
  assert.is(encodeSense(sense, false).toString('hex'), '700003000000000a000000000c0000000000');
  assert.is(encodeSense(sense, true).toString('hex'), '72030c000000000c000a80000000000100000000');
});

test('what errors of a store mean', () => {
  const of = (code: string, writing: boolean) =>
    senseOfStoreError(Object.assign(new Error(code), { code }), writing, 5);
  assert.equal(of('EIO', false), { key: 3, asc: 0x11, ascq: 0, information: 5 });
  assert.equal(of('EIO', true), { key: 3, asc: 0x0c, ascq: 0, information: 5 });
  assert.equal(of('ENOSPC', true), { key: 7, asc: 0x27, ascq: 7 });
  assert.equal(of('EROFS', true), { key: 7, asc: 0x27, ascq: 0 });
  assert.equal(of('EBADF', true), { key: 4, asc: 0x44, ascq: 0 });
  assert.equal(of('ETIMEDOUT', true), { key: 3, asc: 0x0c, ascq: 0, information: 5 });
});

test.run();

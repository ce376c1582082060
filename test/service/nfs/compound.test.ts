import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeReadCompound, encodeReadCompound, NfsRefusal } from '../../../src/service/nfs/compound.ts';
import { XdrReader } from '../../../src/service/nfs/xdr.ts';

const hex = (text: string) => Buffer.from(text.replace(/\s+/g, ''), 'hex');
const PATH = ['srv', 'alpha'];

const encode = suite('encodeReadCompound');

encode('is PUTROOTFH, a LOOKUP for each component, READ with the bypass stateid', () => {
  const expected = hex(
    '00000000 00000000 00000004' + // tag, minor version, operations
      '00000018' + // PUTROOTFH
      '0000000f 00000003 73727600' + // LOOKUP srv
      '0000000f 00000005 616c706861000000' + // LOOKUP alpha
      '00000019 ffffffffffffffffffffffffffffffff 0000000000000000 00010000', // READ
  );
  assert.is(encodeReadCompound(PATH, 65536).toString('hex'), expected.toString('hex'));
});
encode.run();

const decode = suite('decodeReadCompound');
const UP_TO_READ = '00000018 00000000 0000000f 00000000 0000000f 00000000';

decode('gives the data and whether the file ends there', () => {
  const answer = hex(`00000000 00000000 00000004 ${UP_TO_READ} 00000019 00000000 00000001 00000003 61620a00`);
  assert.equal(decodeReadCompound(new XdrReader(answer), PATH), { data: Buffer.from('ab\n'), endOfFile: true });
});

const refusals: [status: string, operation: string, bytes: string][] = [
  ['NFS4ERR_NOENT', 'LOOKUP "srv"', '00000002 00000000 00000002 00000018 00000000 0000000f 00000002'],
  [
    'NFS4ERR_STALE',
    'LOOKUP "alpha"',
    '00000046 00000000 00000003 00000018 00000000 0000000f 00000000 0000000f 00000046',
  ],
  ['NFS4ERR_GRACE', 'READ', `0000271d 00000000 00000004 ${UP_TO_READ} 00000019 0000271d`],
  ['NFS4ERR_MINOR_VERS_MISMATCH', 'COMPOUND', '00002725 00000000 00000000'],
  ['NFS4ERR_RESOURCE', 'LOOKUP "srv"', '00002722 00000000 00000001 00000018 00000000'],
  ['NFS4ERR 4711', 'PUTROOTFH', '00001267 00000000 00000001 00000018 00001267'],
];
for (const [status, operation, bytes] of refusals) {
  decode(`throws ${status} at ${operation}`, () => {
    assert.throws(
      () => decodeReadCompound(new XdrReader(hex(bytes)), PATH),
      (error: unknown) => error instanceof NfsRefusal && error.status === status && error.operation === operation,
    );
  });
}

const unusable: [what: string, bytes: string][] = [
  ['more results than operations', '00000000 00000000 00000005'],
  ['data longer than the message', `00000000 00000000 00000004 ${UP_TO_READ} 00000019 00000000 00000001 7fffffff 61`],
  ['an empty message', ''],
];
for (const [what, bytes] of unusable) {
  decode(`refuses ${what}`, () => {
    assert.throws(
      () => decodeReadCompound(new XdrReader(hex(bytes)), PATH),
      (error: unknown) => error instanceof RangeError,
    );
  });
}
decode.run();

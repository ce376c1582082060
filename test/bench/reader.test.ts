import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Reader } from '../../bench/initiator/reader.ts';
import { decodeKeys, encodeKeys, OPCODE } from '../../bench/initiator/wire.ts';
import { crc32c } from '../../src/iscsi/crc32c.ts';

const reader = suite('reader of the load generator');

function pdu(opcode: number, data: string, digests = false): Buffer {
  const header = Buffer.alloc(48);
  header[0] = opcode;
  header.writeUIntBE(data.length, 5, 3);
  const padded = Buffer.alloc((data.length + 3) & ~3);
  padded.write(data);
  return Buffer.concat(
    digests ? [header, digest(header), padded, ...(data === '' ? [] : [digest(padded)])] : [header, padded],
  );
}

function digest(bytes: Buffer): Buffer {
  const four = Buffer.alloc(4);
  four.writeUInt32LE(crc32c([bytes]));
  return four;
}

/** What a reader finds in a stream that arrives in chunks of `size` bytes. */
function read(stream: Buffer, size: number, set: (reader: Reader) => void = () => {}): Array<[number, string, number]> {
  const found: Array<[number, string, number]> = [];
  const under = new Reader((header, data, length) => found.push([header[0] as number, data.toString(), length]));
  set(under);
  for (let at = 0; at < stream.length; at += size) under.push(stream.subarray(at, at + size));
  return found;
}

const STREAM = [pdu(OPCODE.scsiResponse, ''), pdu(OPCODE.dataIn, 'hello'), pdu(OPCODE.nopIn, 'ping')];
const FOUND = [
  [OPCODE.scsiResponse, '', 0],
  [OPCODE.dataIn, 'hello', 5],
  [OPCODE.nopIn, 'ping', 4],
];

reader('PDUs are the same however the stream is cut', () => {
  for (const size of [1, 3, 7, 47, 48, 49, 1000]) assert.equal(read(Buffer.concat(STREAM), size), FOUND, `by ${size}`);
});

reader('data of reads can be skipped, its length is still told', () => {
  const found = read(Buffer.concat(STREAM), 10, (under) => {
    under.keepsDataIn = false;
  });
  assert.equal(found, [FOUND[0], [OPCODE.dataIn, '', 5], FOUND[2]]);
});

reader('digests are checked, with the padding', () => {
  const stream = Buffer.concat([pdu(OPCODE.dataIn, 'hello', true), pdu(OPCODE.scsiResponse, '', true)]);
  const withDigests = (under: Reader) => {
    under.digests = true;
  };
  assert.is(read(stream, 11, withDigests).length, 2);
  for (const at of [4, 50, 53]) {
    const wrong = Buffer.from(stream);
    wrong[at] = (wrong[at] as number) ^ 1;
    assert.throws(() => read(wrong, 1000, withDigests), /digest of a PDU from the target is wrong/);
  }
});

reader('keys of a login', () => {
  const keys = { HeaderDigest: 'None', TargetAddress: '127.0.0.1:3260,1' };
  assert.equal(Object.fromEntries(decodeKeys(encodeKeys(keys))), keys);
});

reader.run();

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Reader } from '../../bench/initiator/reader.ts';
import { redirectOf } from '../../bench/initiator/redirect.ts';
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
  const under = new Reader((bytes, at, data, length) => found.push([bytes[at] as number, data.toString(), length]));
  set(under);
  // As a socket does: each chunk into the same buffer, with what is older behind it.
  const buffer = Buffer.alloc(size, 0xee);
  for (let at = 0; at < stream.length; at += size) under.push(buffer, stream.copy(buffer, 0, at, at + size));
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

reader('data of reads can be skipped, its length is still reported', () => {
  for (const size of [1, 10, 53, 104, 1000]) {
    const found = read(Buffer.concat(STREAM), size, (under) => {
      under.keepsDataIn = false;
    });
    assert.equal(found, [FOUND[0], [OPCODE.dataIn, '', 5], FOUND[2]], `by ${size}`);
  }
});

reader('digests are checked, with the padding', () => {
  const stream = Buffer.concat([pdu(OPCODE.dataIn, 'hello', true), pdu(OPCODE.scsiResponse, '', true)]);
  const withDigests = (under: Reader) => {
    under.digests = true;
  };
  for (const size of [1, 11, 57, 1000]) assert.is(read(stream, size, withDigests).length, 2, `by ${size}`);
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

reader('a redirect names a portal, and only a redirect does', () => {
  const address = (value: string) => encodeKeys({ TargetAddress: value });
  assert.equal(redirectOf(0x0101, address('127.0.0.1:3261,1')), { host: '127.0.0.1', port: 3261 });
  assert.equal(redirectOf(0x0102, address('[::1]:3261')), { host: '::1', port: 3261 });
  assert.is(redirectOf(0x0101, address('nowhere')), null);
  assert.is(redirectOf(0, address('127.0.0.1:3261,1')), null);
  assert.is(redirectOf(0x0201, address('127.0.0.1:3261,1')), null);
});

reader.run();

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { crc32c } from '../../src/iscsi/crc32c.ts';
import { type Frame, Framer } from '../../src/iscsi/framer.ts';
import { LIMITS } from '../../src/iscsi/limits.ts';
import { ProtocolError } from '../../src/iscsi/protocol-error.ts';
import { pduBytes } from '../fixtures/iscsi/bytes.ts';

const test = suite('Framer');

/** What a connection takes in one PDU. */
const LONGEST_BYTES = LIMITS.dataSegment_bytes;

const NOP = pduBytes({ 0: '40' });
const WITH_DATA = pduBytes({ 0: '05', 16: '00000007' }, Buffer.from('hello'));

function framer(max_bytes = 1024): { framer: Framer; frames: Frame[] } {
  const frames: Frame[] = [];
  return { framer: new Framer(max_bytes, (frame) => frames.push(frame)), frames };
}

function dataOf(frame: Frame | undefined): string {
  return Buffer.concat(frame?.data ?? []).toString();
}

test('gives header and data, without the padding', () => {
  const { framer: subject, frames } = framer();
  subject.push(WITH_DATA);
  assert.is(frames.length, 1);
  assert.equal(frames[0]?.header, WITH_DATA.subarray(0, 48));
  assert.is(dataOf(frames[0]), 'hello');
  assert.is(frames[0]?.dataLength_bytes, 5);
});

test('takes bytes one by one', () => {
  const { framer: subject, frames } = framer();
  for (const byte of Buffer.concat([WITH_DATA, NOP])) subject.push(Buffer.of(byte));
  assert.is(frames.length, 2);
  assert.is(dataOf(frames[0]), 'hello');
  assert.is(frames[1]?.header[0], 0x40);
});

test('takes many PDUs at once, cut anywhere', () => {
  const bytes = Buffer.concat([NOP, WITH_DATA, WITH_DATA, NOP]);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const { framer: subject, frames } = framer();
    subject.push(bytes.subarray(0, cut));
    subject.push(bytes.subarray(cut));
    assert.equal(frames.map(dataOf), ['', 'hello', 'hello', '']);
  }
});

test('keeps nothing of the memory that it is given', () => {
  const { framer: subject, frames } = framer();
  const memory = Buffer.from(WITH_DATA);
  for (const cut of [10, 50, WITH_DATA.length]) {
    WITH_DATA.copy(memory);
    subject.push(memory.subarray(0, cut));
    memory.fill(0xff);
    WITH_DATA.copy(memory);
    subject.push(memory.subarray(cut));
    memory.fill(0xff);
  }
  assert.equal(frames.map(dataOf), ['hello', 'hello', 'hello']);
  for (const { header } of frames) assert.equal(header, WITH_DATA.subarray(0, 48));
});

test('waits for the padding', () => {
  const { framer: subject, frames } = framer();
  subject.push(WITH_DATA.subarray(0, -1));
  assert.is(frames.length, 0);
});

test('gives additional headers', () => {
  const { framer: subject, frames } = framer();
  const bytes = Buffer.concat([pduBytes({ 0: '01', 4: '02' }), Buffer.from('0005010011223344', 'hex')]);
  subject.push(bytes);
  assert.is(frames[0]?.additionalHeader.toString('hex'), '0005010011223344');
});

test('refuses a data segment over its bound as soon as the header is there', () => {
  const { framer: subject } = framer(4);
  assert.throws(
    () => subject.push(WITH_DATA.subarray(0, 48)),
    (error: unknown) => error instanceof ProtocolError,
  );
});

function littleEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function withDigests(bytes: Buffer): Buffer {
  const header = bytes.subarray(0, 48);
  const data = bytes.subarray(48);
  const parts = [header, littleEndian(crc32c([header]))];
  if (data.length > 0) parts.push(data, littleEndian(crc32c([data])));
  return Buffer.concat(parts);
}

function digesting(): { framer: Framer; frames: Frame[] } {
  const made = framer();
  made.framer.headerDigest = true;
  made.framer.dataDigest = true;
  return made;
}

test('checks digests, and there is none for an empty data segment', () => {
  const { framer: subject, frames } = digesting();
  subject.push(Buffer.concat([withDigests(WITH_DATA), withDigests(NOP), withDigests(WITH_DATA)]));
  assert.equal(frames.map(dataOf), ['hello', '', 'hello']);
});

for (const [name, offset] of [
  ['header', 20],
  ['header digest', 49],
  ['data', 53],
  ['padding', 58],
  ['data digest', 61],
] as const) {
  test(`finds a bit that was flipped in the ${name}`, () => {
    const { framer: subject, frames } = digesting();
    const bytes = withDigests(WITH_DATA);
    bytes[offset] = (bytes[offset] as number) ^ 1;
    assert.throws(() => subject.push(bytes), /digest/);
    assert.is(frames.length, 0);
  });
}

/** How many bytes `work` copies from one buffer to another. */
function copiedBy(work: () => void): number {
  const { copy } = Buffer.prototype;
  const { set } = Uint8Array.prototype;
  const { concat } = Buffer;
  let copied_bytes = 0;
  Buffer.prototype.copy = function (this: Buffer, ...args: Parameters<typeof copy>) {
    const count = copy.apply(this, args);
    copied_bytes += count;
    return count;
  };
  Uint8Array.prototype.set = function (source, offset) {
    copied_bytes += source.length;
    set.call(this, source, offset);
  };
  Buffer.concat = (list, length) => {
    const whole = concat(list, length);
    copied_bytes += whole.length;
    return whole;
  };
  try {
    work();
  } finally {
    Object.assign(Buffer.prototype, { copy });
    Object.assign(Uint8Array.prototype, { set });
    Object.assign(Buffer, { concat });
  }
  return copied_bytes;
}

test('the longest PDU in chunks of every small length, each byte copied once', () => {
  const bytes = Buffer.concat([Buffer.alloc(48), Buffer.alloc(LONGEST_BYTES)]);
  bytes.writeUIntBE(LONGEST_BYTES, 5, 3);
  for (let at = 48; at < bytes.length; at += 4) bytes.writeUInt32BE(at, at);
  for (const length of [1, 3, 100, 1_023, 1_024, 5_000]) {
    const frames: Frame[] = [];
    const framer = new Framer(LONGEST_BYTES, (frame) => frames.push(frame));
    // Twice, so that the second one begins within a chunk.
    const stream = Buffer.concat([bytes, bytes]);
    const chunks: Buffer[] = [];
    for (let at = 0; at < stream.length; at += length) chunks.push(Buffer.from(stream.subarray(at, at + length)));
    const copied_bytes = copiedBy(() => {
      for (const chunk of chunks) framer.push(chunk);
    });
    assert.is(copied_bytes, stream.length, `chunks of ${length} bytes are copied more than once`);
    assert.is(frames.length, 2);
    for (const { data } of frames) assert.ok(Buffer.concat(data as Buffer[]).equals(bytes.subarray(48)));
    assert.is(frames[0]?.data.length, 1, 'the data is in pieces');
  }
});

test.run();

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  cleanRegionRecord,
  decodeRegionRecord,
  encodeRegionRecord,
  markedRanges,
  type RegionRecord,
  regionSizeFor,
} from '../../src/store/region-record.ts';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const BOOT_ID = '0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0';

function example(): RegionRecord {
  const record = cleanRegionRecord(100 * MIB, BOOT_ID);
  record.marks.set([1, 0, 0, 1, 1, 0, 1]);
  return record;
}

const test = suite('region record');

test('is one block, byte for byte', () => {
  const block = encodeRegionRecord(example());
  assert.is(block.length, 4096);
  const head = '53504152455245 47 01000000 ........ 0000400600000000 0000000100000000 0f1e2d3c4b5a69788796a5b4c3d2e1f0';
  assert.match(block.toString('hex'), new RegExp(`^${head.replaceAll(' ', '')}0{32}590{62}`));
});

test('says what was put into it', () => {
  assert.equal(decodeRegionRecord(encodeRegionRecord(example())), example());
  const full = cleanRegionRecord(504 * GIB, BOOT_ID, '00000000000008010000000000012345');
  full.marks.fill(1);
  assert.equal(decodeRegionRecord(encodeRegionRecord(full)), full);
});

test('says nothing where a bit is wrong, where it is torn, or of another version', () => {
  const block = encodeRegionRecord(example());
  for (let bit = 0; bit < block.length * 8; bit += 7) {
    const damaged = Buffer.from(block);
    damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.is(decodeRegionRecord(damaged), undefined, `bit ${bit}`);
  }
  const other = encodeRegionRecord(cleanRegionRecord(100 * MIB, '11111111-2222-3333-4444-555555555555'));
  assert.is(decodeRegionRecord(Buffer.concat([block.subarray(0, 36), other.subarray(36)])), undefined);
  assert.is(decodeRegionRecord(block.subarray(0, 512)), undefined);
  assert.is(decodeRegionRecord(Buffer.alloc(4096)), undefined);
  assert.is(decodeRegionRecord(Buffer.alloc(0)), undefined);
});

test('tells the marked ranges, joined, up to the last byte of the store', () => {
  assert.equal(markedRanges(example()), [
    { offset_bytes: 0, length_bytes: 16 * MIB },
    { offset_bytes: 48 * MIB, length_bytes: 32 * MIB },
    { offset_bytes: 96 * MIB, length_bytes: 4 * MIB },
  ]);
  assert.equal(markedRanges(cleanRegionRecord(100 * MIB, BOOT_ID)), []);
});

test('of many ranges those that are closest together are joined', () => {
  const record = cleanRegionRecord(100 * MIB, BOOT_ID);
  record.marks.set([1, 0, 0, 1, 0, 1]);
  assert.equal(markedRanges(record, 2), [
    { offset_bytes: 0, length_bytes: 16 * MIB },
    { offset_bytes: 48 * MIB, length_bytes: 48 * MIB },
  ]);
  assert.equal(markedRanges(record, 1), [{ offset_bytes: 0, length_bytes: 96 * MIB }]);
  const large = cleanRegionRecord(504 * GIB, BOOT_ID);
  large.marks.forEach((_, region) => {
    large.marks[region] = region % 2;
  });
  const ranges = markedRanges(large);
  assert.is(ranges.length, 256);
  const covered = (region: number) =>
    ranges.some(
      (range) =>
        region * 16 * MIB >= range.offset_bytes && (region + 1) * 16 * MIB <= range.offset_bytes + range.length_bytes,
    );
  for (let region = 1; region < large.marks.length; region += 2) assert.ok(covered(region), `region ${region}`);
});

test('regions are of 16 MiB where that fits, and never too many for one block', () => {
  assert.is(regionSizeFor(1), 16 * MIB);
  assert.is(regionSizeFor(504 * GIB), 16 * MIB);
  assert.is(regionSizeFor(504 * GIB + 1), 32 * MIB);
  for (const size_bytes of [15 * 1024 * GIB, 2 ** 52]) {
    const record = cleanRegionRecord(size_bytes, BOOT_ID);
    assert.equal(decodeRegionRecord(encodeRegionRecord(record)), record);
  }
  assert.is(regionSizeFor(15 * 1024 * GIB), 512 * MIB);
});

test.run();

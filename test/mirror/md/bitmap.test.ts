import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bitmapSetBitsLines, chunksIn, dirtyRanges, readLegHead } from '../../../src/mirror/md/bitmap.ts';
import { FakeMachine } from '../../fixtures/machine/fake-machine.ts';

const fixture = (name: string) => readFileSync(join(import.meta.dirname, '..', '..', 'fixtures', 'mirror', name));
const bitmap = suite('bitmap');

/** The head of a leg, as dd would read it: superblock at 4 KiB, bitmap 4 KiB after it; both captured from one leg. */
function legWith(bitmapBytes: Buffer, change: (superblock: Buffer) => void = () => {}) {
  const disk = Buffer.alloc(256 * 1024);
  fixture('degraded.sb').copy(disk, 4096);
  change(disk.subarray(4096));
  bitmapBytes.copy(disk, 8192);
  return new FakeMachine((argv) => {
    const [block, skip, count] = [Number(argv[5]), Number(argv[6]), Number(argv[7])] as const;
    return { stdout: disk.subarray(skip * block, (skip + count) * block).toString('base64') };
  });
}

bitmap('reads what the kernel wrote: 1008 chunks of 64 KiB, all dirty, by mdadm --examine-bitmap', async () => {
  const machine = legWith(fixture('dirty.bitmap'));
  const { superblock, bitmap: found } = await readLegHead(machine, '/dev/x');
  assert.is(superblock.mirrorUuid, '11111111:22222222:33333333:44444444');
  assert.is(found?.chunk_bytes, 65536);
  assert.equal(found?.dirty, [[0, 1007]]);
  assert.is(machine.calls.length, 1);
});

bitmap(
  'finds the chunks in ranges of a leg: bytes before the data belong to none, a partial chunk counts fully',
  () => {
    const K = 1024;
    // The data begins at 1 MiB and is 1000 KiB long: chunks 0 to 15, the last one cut.
    const leg = { dataOffset_sectors: 2048n, size_sectors: 2000n };
    const chunks = (...ranges: [number, number][]) =>
      chunksIn(
        ranges.map(([start, end]) => ({ offset_bytes: start * K, length_bytes: (end - start) * K })),
        leg,
        64 * K,
      );
    assert.equal(chunks([0, 1024]), []);
    assert.equal(chunks([0, 1025]), [[0, 0]]);
    assert.equal(chunks([1024 + 63, 1024 + 65]), [[0, 1]]);
    assert.equal(chunks([1024 + 64, 1024 + 128]), [[1, 1]]);
    assert.equal(chunks([0, 100_000]), [[0, 15]]);
    assert.equal(chunks([1024 + 1000, 100_000]), []);
    assert.equal(chunks([1024, 1025], [1024 + 70, 1024 + 71], [1024 + 500, 1024 + 501]), [
      [0, 1],
      [7, 7],
    ]);
  },
);

bitmap('trusts no stale or foreign one', async () => {
  const stale = Buffer.from(fixture('dirty.bitmap'));
  stale.writeUInt32LE(1, 48);
  for (const bytes of [stale, Buffer.alloc(1024)]) {
    assert.is((await readLegHead(legWith(bytes), '/dev/x')).bitmap, undefined);
  }
  const without = legWith(fixture('dirty.bitmap'), (superblock) => superblock.writeUInt32LE(0, 8));
  assert.is((await readLegHead(without, '/dev/x')).bitmap, undefined);
});

bitmap('finds ranges over the ends of bytes', () => {
  assert.equal(dirtyRanges(Buffer.from([0b1000_0001, 0b0000_0001, 0, 0b0001_0000]), 32), [
    [0, 0],
    [7, 8],
    [28, 28],
  ]);
  // Bits behind the last chunk are padding.
  assert.equal(dirtyRanges(Buffer.from([0xff, 0xff]), 11), [[0, 10]]);
  assert.equal(dirtyRanges(Buffer.alloc(64), 512), []);
});

bitmap('writes lines that the kernel takes in one piece', () => {
  const ranges = Array.from({ length: 5000 }, (_, index) => [index * 10, index * 10 + (index % 2)] as const);
  const lines = bitmapSetBitsLines(ranges);
  assert.ok(lines.length > 1);
  assert.ok(lines.every((line) => line.length < 4096));
  const words = lines.flatMap((line) => line.split(' '));
  assert.is(words.length, 5000);
  assert.equal(words.slice(0, 3), ['0', '10-11', '20']);
  assert.equal(bitmapSetBitsLines([]), []);
});

bitmap.run();

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bitmapSetBitsLines, dirtyChunkCount, dirtyRanges, readBitmap } from '../../../src/host/md/bitmap.ts';
import { parseSuperblock } from '../../../src/host/md/superblock.ts';
import { FakeMachine } from '../../fixtures/host/fake-machine.ts';

const fixture = (name: string) => readFileSync(join(import.meta.dirname, '..', '..', 'fixtures', 'host', name));
const bitmap = suite('bitmap');

/** A leg on which a bitmap was captured: 1008 chunks of 64 KiB, by `mdadm --examine-bitmap`. */
function leg(bytes: Buffer) {
  const superblock = parseSuperblock(fixture('degraded.sb'), 'degraded');
  const machine = new FakeMachine((argv) => {
    const [offset, count] = [Number(argv[6]), Number(argv[7])].map((blocks) => blocks * Number(argv[5]));
    const start = (offset ?? 0) - (superblock.bitmapOffset_bytes ?? 0);
    const block = Buffer.alloc(count ?? 0);
    bytes.subarray(start).copy(block);
    return { stdout: block.toString('base64') };
  });
  return { superblock, machine };
}

bitmap('reads what the kernel wrote', async () => {
  const { superblock, machine } = leg(fixture('dirty.bitmap'));
  const found = await readBitmap(machine, '/dev/x', superblock);
  assert.is(found?.chunk_bytes, 65536);
  assert.equal(found?.dirty, [[0, 1007]]);
  assert.is(found && dirtyChunkCount(found), 1008);
});

bitmap('trusts no stale or foreign one', async () => {
  const stale = Buffer.from(fixture('dirty.bitmap'));
  stale.writeUInt32LE(1, 48);
  for (const bytes of [stale, Buffer.alloc(1024)]) {
    const { superblock, machine } = leg(bytes);
    assert.is(await readBitmap(machine, '/dev/x', superblock), undefined);
  }
  const { superblock, machine } = leg(fixture('dirty.bitmap'));
  assert.is(await readBitmap(machine, '/dev/x', { ...superblock, bitmapOffset_bytes: undefined }), undefined);
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

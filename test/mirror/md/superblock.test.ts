import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseSuperblock } from '../../../src/mirror/md/superblock.ts';

// Captured with `dd iflag=direct` from legs of a mirror set on Linux 6.1, mdadm 4.2; what `mdadm --examine` printed stands beside them.
const fixture = (name: string) => readFileSync(join(import.meta.dirname, '..', '..', 'fixtures', 'mirror', name));
const superblock = suite('superblock');

superblock('tells a leg that is in sync', () => {
  const leg = parseSuperblock(fixture('insync.sb'), 'insync');
  assert.is(leg.mirrorUuid, '11111111:22222222:33333333:44444444');
  assert.is(leg.name, 'spare:alpha');
  assert.is(leg.events, 23n);
  assert.is(leg.role, 1);
  assert.is(leg.beingCopied, false);
  assert.is(leg.badBlocks, false);
  assert.is(leg.writeMostly, true);
  assert.is(leg.size_sectors, 129024n);
  assert.is(leg.dataOffset_sectors, 2048n);
  assert.is(leg.bitmapOffset_bytes, (8 + 8) * 512);
  assert.is(new Date(leg.updatedAt_s * 1000).getUTCFullYear(), 2026);
});

superblock('tells a leg that is being filled', () => {
  const leg = parseSuperblock(fixture('recovering.sb'), 'recovering');
  assert.is(leg.beingCopied, true);
  assert.is(leg.role, 1);
});

superblock('tells the leg that went on alone', () => {
  const leg = parseSuperblock(fixture('degraded.sb'), 'degraded');
  assert.is(leg.events, 30n);
  assert.is(leg.role, 0);
  assert.is(leg.writeMostly, false);
});

superblock('refuses anything else', () => {
  for (const bytes of [Buffer.alloc(4096), Buffer.alloc(10), fixture('dirty.bitmap')]) {
    assert.throws(
      () => parseSuperblock(bytes, '/dev/x'),
      (error: { code: string }) => error.code === 'NO_SUPERBLOCK',
    );
  }
});

superblock('takes a spare or faulty leg for one without a place', () => {
  const bytes = Buffer.from(fixture('insync.sb'));
  const deviceNumber = bytes.readUInt32LE(160);
  for (const role of [0xffff, 0xfffe, 0xfffd]) {
    bytes.writeUInt16LE(role, 256 + 2 * deviceNumber);
    assert.is(parseSuperblock(bytes, 'x').role, undefined);
  }
});

superblock.run();

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReadBuffers } from '../../src/scsi/read-buffers.ts';

const MIB = 1024 * 1024;

const test = suite('read buffers');

test('a buffer that was given back is used again, for its own length only', () => {
  const buffers = new ReadBuffers();
  const first = buffers.take(4096);
  buffers.give(first);
  assert.is.not(buffers.take(8192), first);
  assert.is(buffers.take(4096), first);
  assert.is.not(buffers.take(4096), first);
});

test('a buffer has the length that was asked for', () => {
  const buffers = new ReadBuffers();
  buffers.give(buffers.take(512));
  assert.is(buffers.take(512).length, 512);
  assert.is(buffers.take(1536).length, 1536);
});

test('what is kept is bounded, and lengths of yesterday give way', () => {
  const buffers = new ReadBuffers();
  const old = Array.from({ length: 16 }, () => buffers.take(MIB));
  for (const buffer of old) buffers.give(buffer);
  const recent = buffers.take(2 * MIB);
  buffers.give(recent);
  assert.not(old.includes(buffers.take(MIB)));
  assert.is(buffers.take(2 * MIB), recent);
});

test.run();

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BufferPool } from '../../src/std/buffer-pool.ts';

const MIB = 1024 * 1024;

const test = suite('BufferPool');

test('a buffer that was given back is used again, for its own length only', () => {
  const buffers = new BufferPool();
  const first = buffers.take(4096);
  buffers.give(first);
  assert.is.not(buffers.take(8192), first);
  assert.is(buffers.take(4096), first);
  assert.is.not(buffers.take(4096), first);
});

test('a buffer has the length that was asked for', () => {
  const buffers = new BufferPool();
  buffers.give(buffers.take(8192));
  assert.is(buffers.take(8192).length, 8192);
  assert.is(buffers.take(12_288).length, 12_288);
  assert.is(buffers.take(5).length, 5);
});

test('what is kept is bounded, and lengths of yesterday give way', () => {
  const buffers = new BufferPool();
  const old = Array.from({ length: 16 }, () => buffers.take(MIB));
  for (const buffer of old) buffers.give(buffer);
  const recent = buffers.take(2 * MIB);
  buffers.give(recent);
  assert.not(old.includes(buffers.take(MIB)));
  assert.is(buffers.take(2 * MIB), recent);
});

test('a part of a memory is not kept: somebody else may have the rest', () => {
  const buffers = new BufferPool();
  const whole = buffers.take(16_384);
  buffers.give(whole.subarray(0, 8192));
  assert.is.not(buffers.take(8192).buffer, whole.buffer);
  const short = buffers.take(100);
  buffers.give(short);
  assert.is.not(buffers.take(100), short);
});

test.run();

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FlushQueue } from '../../src/store/flush-queue.ts';
import type { StoreCallback } from '../../src/store/store.ts';

const test = suite('flush queue');

/** A disk whose syncs end when the test says so. */
function heldSync() {
  const syncs: StoreCallback[] = [];
  return { syncs, queue: new FlushQueue((done) => syncs.push(done)) };
}

test('flushes that come while one runs share the next one', () => {
  const { syncs, queue } = heldSync();
  const ended: string[] = [];
  queue.flush(() => ended.push('a'));
  queue.flush(() => ended.push('b'));
  queue.flush(() => ended.push('c'));
  assert.is(syncs.length, 1);
  syncs[0]?.(null);
  assert.equal(ended, ['a']);
  assert.is(syncs.length, 2);
  queue.flush(() => ended.push('d'));
  syncs[1]?.(null);
  assert.equal(ended, ['a', 'b', 'c']);
  syncs[2]?.(null);
  assert.equal(ended, ['a', 'b', 'c', 'd']);
  assert.is(syncs.length, 3);
});

test('a flush asked for in the callback of another is not lost', () => {
  const { syncs, queue } = heldSync();
  const ended: string[] = [];
  queue.flush(() => queue.flush(() => ended.push('inner')));
  queue.flush(() => ended.push('outer'));
  syncs[0]?.(null);
  while (ended.length < 2 && syncs.length < 5) syncs.at(-1)?.(null);
  assert.equal(ended.sort(), ['inner', 'outer']);
});

test('after a failed flush none succeeds again, since the kernel may have dropped what it could not write', () => {
  const { syncs, queue } = heldSync();
  const codes: (string | undefined)[] = [];
  const note: StoreCallback = (error) => codes.push(error?.code);
  queue.flush(note);
  queue.flush(note);
  syncs[0]?.(Object.assign(new Error('EIO'), { code: 'EIO' }));
  queue.flush(note);
  assert.equal(codes, ['EIO', 'EIO', 'EIO']);
  assert.is(syncs.length, 1);
});

test.run();

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { nextTurns } from '../fixtures/eventually.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';
import { FaultyStore } from '../fixtures/store/faulty-store.ts';
import { CONTRACT_SIZE_BYTES, storeContract } from './store-contract.ts';

storeContract('faulty, while nothing is broken', () => ({
  store: new FaultyStore(new MemoryStore({ size_bytes: CONTRACT_SIZE_BYTES })),
  dispose: () => {},
}));

const test = suite('FaultyStore');

function write(store: FaultyStore, value: number): Promise<string> {
  return new Promise((resolve) => {
    store.write([Buffer.alloc(8, value)], 0, (error) => resolve(error?.code ?? 'done'));
  });
}

function bytes(store: FaultyStore): number[] {
  const target = Buffer.alloc(8);
  store.read(target, 0, () => {});
  return [...target];
}

test('an error changes nothing', async () => {
  const store = new FaultyStore(new MemoryStore({ size_bytes: 4096 }));
  store.break('write', { kind: 'error', code: 'EIO' });
  assert.is(await write(store, 1), 'EIO');
  assert.equal(bytes(store), [0, 0, 0, 0, 0, 0, 0, 0]);
});

test('a short write leaves half', async () => {
  const store = new FaultyStore(new MemoryStore({ size_bytes: 4096 }));
  store.break('write', { kind: 'short' });
  assert.is(await write(store, 1), 'ENOSPC');
  assert.equal(bytes(store), [1, 1, 1, 1, 0, 0, 0, 0]);
});

test('stuck calls continue when the store is healed', async () => {
  const store = new FaultyStore(new MemoryStore({ size_bytes: 4096 }));
  store.break('write', { kind: 'stuck' });
  let ended = false;
  const written = write(store, 1).then(() => {
    ended = true;
  });
  await nextTurns(10);
  assert.not.ok(ended);
  store.heal();
  await written;
  assert.equal(bytes(store), [1, 1, 1, 1, 1, 1, 1, 1]);
});

test('a slow write takes its time', async () => {
  const clock = new FakeClock();
  const store = new FaultyStore(new MemoryStore({ size_bytes: 4096 }), clock);
  store.break('write', { kind: 'slow', delay_ms: 30 });
  const written = write(store, 1);
  await clock.advance(29);
  assert.equal(bytes(store), [0, 0, 0, 0, 0, 0, 0, 0]);
  await clock.advance(1);
  assert.is(await written, 'done');
  assert.equal(bytes(store), [1, 1, 1, 1, 1, 1, 1, 1]);
});

test.run();

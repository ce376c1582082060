import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Extent, Store, StoreCallback } from '../../src/store/store.ts';

/** The size of every store that the contract is tried on, in bytes. */
export const CONTRACT_SIZE_BYTES = 4 * 1024 * 1024;

/** Opens a new store of `CONTRACT_SIZE_BYTES`, all zeroes; `dispose` removes what is left of it after `close`. */
export type OpenStore = () => { store: Store; dispose: () => void };

/** What every store must do, whatever it is made of. */
export function storeContract(name: string, open: OpenStore): void {
  const test = suite<{ store: Store; dispose: () => void }>(`store contract: ${name}`);
  test.before.each((context) => {
    Object.assign(context, open());
  });
  test.after.each(({ store, dispose }) => {
    store.close(() => {});
    dispose();
  });

  test('a new store reads as zeroes from end to end', async ({ store }) => {
    assert.is(store.size_bytes, CONTRACT_SIZE_BYTES);
    assert.ok((await read(store, 0, CONTRACT_SIZE_BYTES)).equals(Buffer.alloc(CONTRACT_SIZE_BYTES)));
  });

  test('what is written is read back, in small and large pieces, at any offset', async ({ store }) => {
    const expected = Buffer.alloc(CONTRACT_SIZE_BYTES);
    for (const [index, length] of [1, 511, 512, 4096, 65_536, 65_537, 300_000, 1_048_576].entries()) {
      const data = pattern(length, index + 1);
      const offset = index * 400_001 + 7;
      const cut = Math.floor(length / 3);
      await call((done) => store.write([data.subarray(0, cut), data.subarray(cut)], offset, done));
      data.copy(expected, offset);
    }
    assert.ok((await read(store, 0, CONTRACT_SIZE_BYTES)).equals(expected));
  });

  test('zeroes overwrite data', async ({ store }) => {
    await call((done) => store.write([pattern(65_536, 3)], 0, done));
    await call((done) => store.write([Buffer.alloc(4096), Buffer.alloc(4096)], 4096, done));
    const found = await read(store, 0, 65_536);
    const expected = pattern(65_536, 3).fill(0, 4096, 12_288);
    assert.ok(found.equals(expected));
  });

  test('the last byte can be written, and the ones after it not be read', async ({ store }) => {
    await call((done) => store.write([Buffer.from([9])], CONTRACT_SIZE_BYTES - 1, done));
    assert.is((await read(store, CONTRACT_SIZE_BYTES - 1, 1))[0], 9);
    assert.is(await failure((done) => store.read(Buffer.alloc(2), CONTRACT_SIZE_BYTES - 1, done)), 'EIO');
    assert.is(await failure((done) => store.read(Buffer.alloc(100_000), CONTRACT_SIZE_BYTES - 1, done)), 'EIO');
  });

  test('an unmapped range reads as zeroes, its neighbours keep what they have', async ({ store }) => {
    const data = pattern(1_048_576, 5);
    await call((done) => store.write([data], 0, done));
    await call((done) => store.unmap(5_000, 300_000, done));
    data.fill(0, 5_000, 305_000);
    assert.ok((await read(store, 0, data.length)).equals(data));
  });

  test('extents cover the store without gaps, and data is never reported as a hole', async ({ store }) => {
    await call((done) => store.write([pattern(131_072, 5)], 1_048_576, done));
    await call((done) => store.unmap(1_048_576 + 32_768, 65_536, done));
    const extents: Extent[] = [];
    for (let offset = 0; offset < CONTRACT_SIZE_BYTES; ) {
      const extent = await extentAt(store, offset);
      assert.is(extent.offset_bytes, offset);
      assert.ok(extent.length_bytes > 0);
      extents.push(extent);
      offset += extent.length_bytes;
      assert.ok(offset <= CONTRACT_SIZE_BYTES);
    }
    const isAllocated = (at: number) =>
      extents.some((each) => each.allocated && at >= each.offset_bytes && at < each.offset_bytes + each.length_bytes);
    assert.ok(isAllocated(1_048_576));
    assert.ok(isAllocated(1_048_576 + 131_071));
    // A thin store gives back what was unmapped, and has nothing where nothing was written.
    assert.is(isAllocated(1_048_576 + 65_536), !store.thin);
    assert.is(isAllocated(0), !store.thin);
  });

  test('zeroes written to a hole leave it a hole', async ({ store }) => {
    await call((done) => store.write([Buffer.alloc(100_000), Buffer.alloc(31_072)], 524_288, done));
    assert.is((await extentAt(store, 524_288)).allocated, !store.thin);
  });

  test('every one of many concurrent flushes is answered', async ({ store }) => {
    await call((done) => store.write([pattern(4096, 1)], 0, done));
    await Promise.all(Array.from({ length: 20 }, () => call((done) => store.flush(done))));
  });

  test('concurrent writes and reads of different ranges do not disturb each other', async ({ store }) => {
    const writes = Array.from({ length: 16 }, (_, index) =>
      call((done) => store.write([pattern(200_000, index + 1)], index * 200_000, done)),
    );
    await Promise.all(writes);
    for (let index = 0; index < 16; index += 1) {
      assert.ok((await read(store, index * 200_000, 200_000)).equals(pattern(200_000, index + 1)));
    }
  });

  test('calls after close fail with EBADF, those before it are finished', async ({ store }) => {
    const writing = call((done) => store.write([pattern(1_000_000, 1)], 0, done));
    const closing = call((done) => store.close(done));
    await Promise.all([writing, closing]);
    assert.is(await failure((done) => store.read(Buffer.alloc(1), 0, done)), 'EBADF');
    assert.is(await failure((done) => store.write([Buffer.alloc(1)], 0, done)), 'EBADF');
    assert.is(await failure((done) => store.flush(done)), 'EBADF');
    assert.is(await failure((done) => store.unmap(0, 1, done)), 'EBADF');
    assert.is(await failure((done) => store.extentAt(0, done)), 'EBADF');
    assert.is(await failure((done) => store.close(done)), 'EBADF');
  });

  test.run();
}

/** Bytes that differ from each other, from zero and from those of other seeds. */
export function pattern(length_bytes: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length_bytes);
  for (let at = 0; at < length_bytes; at += 1) bytes[at] = 1 + ((at * 31 + (at >> 8) * 7 + seed * 101) % 255);
  return bytes;
}

/** Makes a promise of a store call, and fails where its callback is called more than once. */
export function call(begin: (done: StoreCallback) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let calls = 0;
    begin((error) => {
      calls += 1;
      if (calls > 1) reject(new Error('The callback was called more than once'));
      else if (error !== null) reject(error);
      else setImmediate(() => (calls === 1 ? resolve() : undefined));
    });
  });
}

/** The code that a store call fails with; `undefined` where it succeeds. */
export function failure(begin: (done: StoreCallback) => void): Promise<string | undefined> {
  return call(begin).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error.code,
  );
}

export async function read(store: Store, offset_bytes: number, length_bytes: number): Promise<Buffer> {
  const target = Buffer.alloc(length_bytes, 0xee);
  await call((done) => store.read(target, offset_bytes, done));
  return target;
}

function extentAt(store: Store, offset_bytes: number): Promise<Extent> {
  return new Promise((resolve, reject) => {
    store.extentAt(offset_bytes, (error, extent) => (error === null ? resolve(extent) : reject(error)));
  });
}

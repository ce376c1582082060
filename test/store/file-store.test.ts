import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SpareError } from '../../src/std/errors.ts';
import { type Libc, loadLibc } from '../../src/std/libc.ts';
import { openFileStore } from '../../src/store/open-file-store.ts';
import type { Store } from '../../src/store/store.ts';
import { call, failure, pattern, read } from './store-contract.ts';

const SIZE_BYTES = 8 * 1024 * 1024;

const test = suite<{ directory: string; path: string }>('file store');
test.before.each((context) => {
  context.directory = fs.mkdtempSync(join(tmpdir(), 'spare-file-store-'));
  context.path = join(context.directory, 'disk.img');
});
test.after.each(({ directory }) => {
  fs.rmSync(directory, { recursive: true });
});

/** Bytes that the file takes on the disk. */
function allocated_bytes(path: string): number {
  return fs.statSync(path).blocks * 512;
}

function codeOf(open: () => unknown): string | undefined {
  try {
    open();
  } catch (error) {
    return error instanceof SpareError ? error.code : String(error);
  }
  return undefined;
}

test('creates a sparse file that only its owner can read', async ({ path }) => {
  const store = openFileStore({ path, create_bytes: SIZE_BYTES });
  assert.is(store.size_bytes, SIZE_BYTES);
  assert.is(fs.statSync(path).mode & 0o777, 0o600);
  assert.is(allocated_bytes(path), 0);
  await call((done) => store.close(done));
});

test('does not make a new file of one that is there', async ({ path }) => {
  fs.writeFileSync(path, pattern(4096, 1));
  const store = openFileStore({ path, create_bytes: SIZE_BYTES });
  assert.is(store.size_bytes, 4096);
  assert.ok((await read(store, 0, 4096)).equals(pattern(4096, 1)));
  await call((done) => store.close(done));
});

test('the first copy of an empty mirror takes no space, and data takes its own', async ({ path }) => {
  const store = openFileStore({ path, create_bytes: SIZE_BYTES });
  for (let offset = 0; offset < SIZE_BYTES; offset += 1_048_576) {
    const data = Buffer.alloc(1_048_576);
    if (offset === 2 * 1_048_576) data.fill(7);
    await call((done) => store.write([data], offset, done));
  }
  await call((done) => store.flush(done));
  assert.ok(allocated_bytes(path) >= 1_048_576);
  assert.ok(allocated_bytes(path) < 2 * 1_048_576, `${allocated_bytes(path)} bytes are allocated`);
  await call((done) => store.close(done));
});

test('unmap gives space back', async ({ path }) => {
  const store = openFileStore({ path, create_bytes: SIZE_BYTES });
  await call((done) => store.write([pattern(4 * 1_048_576, 1)], 0, done));
  await call((done) => store.flush(done));
  assert.ok(allocated_bytes(path) >= 4 * 1_048_576);
  await call((done) => store.unmap(0, 4 * 1_048_576, done));
  await call((done) => store.flush(done));
  assert.ok(allocated_bytes(path) < 65_536, `${allocated_bytes(path)} bytes are allocated`);
  await call((done) => store.close(done));
});

test('what was written is there for the next one who opens it', async ({ path }) => {
  const first = openFileStore({ path, create_bytes: SIZE_BYTES });
  await call((done) => first.write([pattern(100_000, 9)], 12_345, done));
  await call((done) => first.close(done));
  const second = openFileStore({ path, readOnly: true });
  assert.ok((await read(second, 12_345, 100_000)).equals(pattern(100_000, 9)));
  await call((done) => second.close(done));
});

test('a read-only store refuses every change', async ({ path }) => {
  fs.writeFileSync(path, pattern(8192, 1));
  const store = openFileStore({ path, readOnly: true });
  assert.is(store.readOnly, true);
  assert.is(await failure((done) => store.write([pattern(1, 2)], 0, done)), 'EROFS');
  assert.is(await failure((done) => store.unmap(0, 4096, done)), 'EROFS');
  assert.is(await failure((done) => store.flush(done)), undefined);
  assert.ok((await read(store, 0, 8192)).equals(pattern(8192, 1)));
  await call((done) => store.close(done));
});

test('without the C library nothing is thin, and unmap writes zeroes', async ({ path }) => {
  const store = openFileStore({ path, create_bytes: SIZE_BYTES, libc: undefined });
  assert.is(store.thin, false);
  await call((done) => store.unmap(0, 3_000_000, done));
  await call((done) => store.flush(done));
  assert.ok(allocated_bytes(path) >= 3_000_000);
  await call((done) => store.close(done));
});

/** Whether a read of the range had its answer before the call returned, and got the right bytes. */
async function answersAtOnce(store: Store, offset_bytes: number, expected: Buffer): Promise<boolean> {
  const target = Buffer.alloc(expected.length);
  let returned = false;
  let atOnce = false;
  const result = call((done) =>
    store.read(target, offset_bytes, (error) => {
      atOnce = !returned;
      done(error);
    }),
  );
  returned = true;
  await result;
  assert.ok(target.equals(expected));
  return atOnce;
}

/** The C library with another answer to what is in the page cache. */
function withReadCached(readCached: Libc['readCached']): Libc {
  const libc = loadLibc();
  if (!libc) throw new Error('This Node has no node:ffi');
  return { ...libc, readCached };
}

test('what is in the page cache is read at once, what is not never holds up the caller', async ({ path }) => {
  const data = pattern(1_048_576, 5);
  fs.writeFileSync(path, data);
  const store = openFileStore({ path });
  assert.is(store.cachedReads, 'inline');
  assert.is(await answersAtOnce(store, 8192, data.subarray(8192, 12_288)), true);
  // Of the file's pages none is left in the cache afterwards (posix_fadvise).
  execFileSync('dd', [`of=${path}`, 'oflag=nocache', 'conv=notrunc,fdatasync', 'count=0'], { stdio: 'pipe' });
  assert.is(await answersAtOnce(store, 524_288, data.subarray(524_288, 528_384)), false);
  await call((done) => store.close(done));
});

test('what is half in the page cache is read to its end', async ({ path }) => {
  const data = pattern(65_536, 6);
  fs.writeFileSync(path, data);
  const libc = withReadCached((_fd, target, offset_bytes) => data.copy(target, 0, offset_bytes, offset_bytes + 1000));
  const store = openFileStore({ path, libc });
  assert.is(await answersAtOnce(store, 4096, data.subarray(4096, 12_288)), false);
  await call((done) => store.close(done));
});

test('where nothing tells what is in the page cache, the thread pool reads', async ({ path }) => {
  const data = pattern(8192, 7);
  fs.writeFileSync(path, data);
  const unsupported = withReadCached(() => {
    throw Object.assign(new Error('EOPNOTSUPP: preadv2'), { code: 'EOPNOTSUPP' });
  });
  for (const libc of [undefined, unsupported]) {
    const store = openFileStore({ path, libc });
    assert.is(store.cachedReads, 'thread-pool');
    assert.is(await answersAtOnce(store, 0, data), false);
    await call((done) => store.close(done));
  }
});

test('only one may have it open', async ({ path }) => {
  const store = openFileStore({ path, create_bytes: SIZE_BYTES });
  assert.is(
    codeOf(() => openFileStore({ path })),
    'STORE_LOCKED',
  );
  await call((done) => store.close(done));
  const next = openFileStore({ path });
  await call((done) => next.close(done));
});

test('a file that vanished under the store gives errors, not wrong data', async ({ path }) => {
  const store = openFileStore({ path, create_bytes: SIZE_BYTES });
  fs.truncateSync(path, 4096);
  assert.is(await failure((done) => store.read(Buffer.alloc(4096), 4096, done)), 'EIO');
  assert.is(await failure((done) => store.read(Buffer.alloc(1_048_576), 0, done)), 'EIO');
  await call((done) => store.close(done));
});

test('refuses what can not be served, and says what it is', ({ directory, path }) => {
  fs.writeFileSync(path, '');
  assert.is(
    codeOf(() => openFileStore({ path })),
    'STORE_EMPTY',
  );
  assert.is(
    codeOf(() => openFileStore({ path: directory, readOnly: true })),
    'STORE_NOT_A_FILE',
  );
  assert.is(
    codeOf(() => openFileStore({ path: join(directory, 'missing.img') })),
    'STORE_OPEN_FAILED',
  );
  assert.is(
    codeOf(() => openFileStore({ path: '/dev/null' })),
    'STORE_NOT_A_FILE',
  );
});

test.run();

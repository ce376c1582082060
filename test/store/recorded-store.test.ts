import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { removeFileDurably } from '../../src/std/durable-file.ts';
import type { DataSync } from '../../src/store/data-sync.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { openFileStore } from '../../src/store/open-file-store.ts';
import { lostRanges, openRecordedStore } from '../../src/store/open-recorded-store.ts';
import type { RecordedStore } from '../../src/store/recorded-store.ts';
import { readRegionFile } from '../../src/store/region-file.ts';
import { cleanRegionRecord, encodeRegionRecord } from '../../src/store/region-record.ts';
import type { Store, StoreCallback } from '../../src/store/store.ts';
import { eventually } from '../fixtures/eventually.ts';
import { FaultyStore } from '../fixtures/store/faulty-store.ts';
import { TickClock } from '../fixtures/tick-clock.ts';
import { CONTRACT_SIZE_BYTES, call, failure, pattern, storeContract } from './store-contract.ts';

const MIB = 1024 * 1024;
const SIZE_BYTES = 100 * MIB;
const THIS_BOOT = '11111111-2222-3333-4444-555555555555';
const NEXT_BOOT = '66666666-7777-8888-9999-000000000000';

for (const kind of ['memory', 'file'] as const) {
  storeContract(`recorded, ${kind}`, () => {
    const directory = fs.mkdtempSync(join(tmpdir(), 'spare-recorded-'));
    const below =
      kind === 'memory'
        ? new MemoryStore({ size_bytes: CONTRACT_SIZE_BYTES })
        : openFileStore({ path: join(directory, 'disk.img'), create_bytes: CONTRACT_SIZE_BYTES });
    return {
      store: openRecordedStore({ below, path: join(directory, 'disk.regions') }),
      dispose: () => fs.rmSync(directory, { recursive: true }),
    };
  });
}

interface Context {
  directory: string;
  path: string;
  /** What waits for the record to be durable. */
  syncs: StoreCallback[];
}

const test = suite<Context>('recorded store');
test.before.each((context) => {
  context.directory = fs.mkdtempSync(join(tmpdir(), 'spare-recorded-'));
  context.path = join(context.directory, 'alpha.regions');
  context.syncs = [];
});
test.after.each(({ directory }) => fs.rmSync(directory, { recursive: true }));

/** A store whose record becomes durable, and whose clock advances, when the test says so. */
function open(
  { path, syncs }: Context,
  options: { below?: Store; bootId?: string; mountId?: string; held?: boolean; onCondemned?: () => void } = {},
): RecordedStore & { tick(): void } {
  const clock = new TickClock();
  const sync: DataSync = (_fd, done) => void (options.held ? syncs.push(done) : done(null));
  const store = openRecordedStore({
    below: options.below ?? new MemoryStore({ size_bytes: SIZE_BYTES }),
    path,
    bootId: options.bootId ?? THIS_BOOT,
    ...(options.mountId && { mountId: options.mountId }),
    sync,
    ...(options.onCondemned && { onCondemned: options.onCondemned }),
    clock,
  });
  return Object.assign(store, { tick: () => clock.tick() });
}

const write = (store: Store, offset_bytes: number, length_bytes = 4096) =>
  call((done) => store.write([pattern(length_bytes, 1)], offset_bytes, done));

/** Waits for what the thread pool does to the record. */
const until = (holds: () => boolean) => eventually(() => assert.ok(holds()));

test('a write waits for the mark of its region, others do not, and the next ones find it marked', async (context) => {
  const store = open(context, { held: true });
  const ended: string[] = [];
  const begin = (name: string, offset_bytes: number) =>
    store.write([pattern(4096, 1)], offset_bytes, (error) => ended.push(error?.code ?? name));
  begin('first', 0);
  begin('second', 8192);
  begin('other', 20 * MIB);
  await until(() => context.syncs.length === 1);
  assert.equal(ended, []);
  context.syncs.shift()?.(null);
  assert.equal(ended, ['first', 'second'], 'both waited for the same mark');
  begin('third', 4096);
  assert.equal(ended, ['first', 'second', 'third'], 'a marked region is written to at once');
  await until(() => context.syncs.length === 1);
  context.syncs.shift()?.(null);
  assert.equal(ended, ['first', 'second', 'third', 'other']);
  assert.equal(context.syncs, []);
});

test('marks that are asked for while the record is written share its next write', async (context) => {
  const store = open(context, { held: true });
  let ended = 0;
  for (let region = 0; region < 6; region += 1) store.write([pattern(1, 1)], region * 16 * MIB, () => (ended += 1));
  await until(() => context.syncs.length === 1);
  context.syncs.shift()?.(null);
  await until(() => context.syncs.length === 1);
  context.syncs.shift()?.(null);
  assert.is(ended, 6);
  assert.equal(context.syncs, []);
});

test('a write that spans regions waits for all of them', async (context) => {
  const store = open(context);
  await write(store, 16 * MIB - 1, 2);
  assert.equal(lostRanges(context.path, SIZE_BYTES, NEXT_BOOT), [{ offset_bytes: 0, length_bytes: 32 * MIB }]);
  await call((done) => store.unmap(64 * MIB - 1, 20 * MIB, done));
  assert.equal(lostRanges(context.path, SIZE_BYTES, NEXT_BOOT)[1], { offset_bytes: 48 * MIB, length_bytes: 48 * MIB });
});

test('the file system was mounted again in the same boot: what was marked counts as lost, until it is written', async (context) => {
  const below = new MemoryStore({ size_bytes: SIZE_BYTES });
  const [mounted, again] = ['00000000000008010000000000000111', '00000000000008010000000000000222'];
  await write(open(context, { below, mountId: mounted }), 0);
  const lostNow = (mountId?: string) => lostRanges(context.path, SIZE_BYTES, THIS_BOOT, mountId);
  assert.equal([lostNow(mounted), lostNow()], [[], []]);
  assert.equal(lostNow(again), [{ offset_bytes: 0, length_bytes: 16 * MIB }]);
  assert.throws(() => open(context, { below, mountId: again }), /has lost writes/);
  const next = open(context, { below, mountId: mounted });
  await call((done) => next.close(done));
  assert.equal(lostNow(again), []);
  // Whoever opens it there writes it into the record.
  await write(open(context, { mountId: again }), 0);
  assert.equal([lostNow(again), lostNow(mounted).length], [[], 1]);
});

test('a record of a version that knew of no mountings is believed within its boot, and gets one when it is opened', async (context) => {
  const below = new MemoryStore({ size_bytes: SIZE_BYTES });
  const [mounted, again] = ['00000000000008010000000000000111', '00000000000008010000000000000222'];
  await write(open(context, { below }), 0);
  assert.equal(lostRanges(context.path, SIZE_BYTES, THIS_BOOT, mounted), []);
  assert.equal(lostRanges(context.path, SIZE_BYTES, NEXT_BOOT, mounted).length, 1);
  open(context, { below, mountId: mounted });
  assert.equal(lostRanges(context.path, SIZE_BYTES, THIS_BOOT, again).length, 1);
});

test('the process ends: nothing is lost, and its marks become clean automatically', async (context) => {
  const below = new MemoryStore({ size_bytes: SIZE_BYTES });
  await write(open(context, { below }), 0);
  assert.equal(lostRanges(context.path, SIZE_BYTES, THIS_BOOT), []);
  const next = open(context, { below });
  assert.is.not(lostRanges(context.path, SIZE_BYTES, NEXT_BOOT).length, 0);
  next.tick();
  await until(() => lostRanges(context.path, SIZE_BYTES, NEXT_BOOT).length === 0);
});

test('the process is killed before its mark is durable: the next one makes it so before it relies on it', async (context) => {
  const killed = open(context, { held: true });
  killed.write([pattern(4096, 1)], 0, () => assert.unreachable('it was written without a mark'));
  await until(() => context.syncs.length === 1);
  const inCache = fs.statSync(context.path).ino;
  const store = open(context, { held: true });
  // A file that is replaced durably, not the page which nobody knows to be on the disk.
  assert.is.not(fs.statSync(context.path).ino, inCache);
  assert.equal(lostRanges(context.path, SIZE_BYTES, NEXT_BOOT), [{ offset_bytes: 0, length_bytes: 16 * MIB }]);
  await write(store, 0);
  assert.is(context.syncs.length, 1, 'the mark is written once');
});

test('who can open the store after its end finds the record as it stays', async (context) => {
  class Watched extends MemoryStore {
    whenClosed: unknown;
    override close(done: StoreCallback): void {
      this.whenClosed = lostRanges(context.path, SIZE_BYTES, NEXT_BOOT);
      super.close(done);
    }
  }
  const below = new Watched({ size_bytes: SIZE_BYTES });
  const store = open(context, { below, held: true });
  const written = write(store, 0);
  await until(() => context.syncs.length === 1);
  context.syncs.shift()?.(null);
  await written;
  const closed = call((done) => store.close(done));
  await until(() => context.syncs.length === 1);
  assert.is(below.whenClosed, undefined, 'the record is not durable yet');
  context.syncs.shift()?.(null);
  await closed;
  assert.equal(below.whenClosed, []);
});

test('power is lost: the ranges are reported until they are accepted, and it cannot be opened before', async (context) => {
  await write(open(context), 40 * MIB);
  const lost = [{ offset_bytes: 32 * MIB, length_bytes: 16 * MIB }];
  for (let time = 0; time < 2; time += 1) {
    assert.equal(lostRanges(context.path, SIZE_BYTES, NEXT_BOOT), lost);
    assert.throws(() => open(context, { bootId: NEXT_BOOT }), /lost/);
  }
  removeFileDurably(context.path);
  assert.equal(lostRanges(context.path, SIZE_BYTES, NEXT_BOOT), []);
  await write(open(context, { bootId: NEXT_BOOT }), 0);
  assert.equal(lostRanges(context.path, SIZE_BYTES, NEXT_BOOT), []);
});

test('closed in order it is clean, whatever boot comes next; a disk that can not flush leaves its marks', async (context) => {
  const good = open(context);
  await write(good, 0);
  await call((done) => good.close(done));
  assert.equal(lostRanges(context.path, SIZE_BYTES, NEXT_BOOT), []);

  const faulty = new FaultyStore(new MemoryStore({ size_bytes: SIZE_BYTES }));
  const bad = open(context, { below: faulty });
  await write(bad, 0);
  faulty.break('flush', { kind: 'error', code: 'EIO' });
  assert.is(await failure((done) => bad.flush(done)), 'EIO');
  await until(() => lostRanges(context.path, SIZE_BYTES, THIS_BOOT).length > 0);
  assert.is(await failure((done) => bad.close(done)), 'EIO');
  assert.equal(lostRanges(context.path, SIZE_BYTES, THIS_BOOT), [{ offset_bytes: 0, length_bytes: 16 * MIB }]);
});

for (const what of ['a flush', 'the record'] as const) {
  test(`${what} fails: that is reported once, and the marks stay whatever succeeds later`, async (context) => {
    const below = new FaultyStore(new MemoryStore({ size_bytes: SIZE_BYTES }));
    let times = 0;
    const store = open(context, { below, held: true, onCondemned: () => (times += 1) });
    const first = failure((done) => store.write([pattern(1, 1)], 0, done));
    await until(() => context.syncs.length === 1);
    context.syncs.shift()?.(what === 'the record' ? Object.assign(new Error('EIO'), { code: 'EIO' }) : null);
    assert.is(await first, what === 'the record' ? 'EIO' : undefined);
    if (what === 'a flush') {
      below.break('flush', { kind: 'error', code: 'EIO' });
      await failure((done) => store.flush(done));
      await failure((done) => store.flush(done));
      below.heal();
      await until(() => context.syncs.length === 1);
      context.syncs.shift()?.(null);
    }
    assert.is(times, 1);
    await failure((done) => store.close(done));
    assert.equal(lostRanges(context.path, SIZE_BYTES, NEXT_BOOT), [{ offset_bytes: 0, length_bytes: 16 * MIB }]);
    assert.is(times, 1);
  });
}

test('a busy region keeps its mark, an idle one loses it', async (context) => {
  const store = open(context);
  await write(store, 0);
  await write(store, 32 * MIB);
  for (let time = 0; time < 3; time += 1) {
    await write(store, 0);
    store.tick();
  }
  const busy = [{ offset_bytes: 0, length_bytes: 16 * MIB }];
  await until(() => lostRanges(context.path, SIZE_BYTES, NEXT_BOOT).length === 1);
  assert.equal(lostRanges(context.path, SIZE_BYTES, NEXT_BOOT), busy);
});

test('a record that is torn, of another size or another version says that all may be lost', (context) => {
  const all = [{ offset_bytes: 0, length_bytes: SIZE_BYTES }];
  const block = encodeRegionRecord(cleanRegionRecord(SIZE_BYTES, THIS_BOOT));
  const torn = Buffer.concat([block.subarray(0, 40), Buffer.alloc(4056)]);
  for (const content of [torn, Buffer.alloc(0), block.subarray(0, 4095)]) {
    fs.writeFileSync(context.path, content);
    assert.equal(lostRanges(context.path, SIZE_BYTES, THIS_BOOT), all);
  }
  fs.writeFileSync(context.path, block);
  assert.equal(lostRanges(context.path, SIZE_BYTES, THIS_BOOT), []);
  assert.equal(lostRanges(context.path, SIZE_BYTES - 512, THIS_BOOT), [
    { offset_bytes: 0, length_bytes: SIZE_BYTES - 512 },
  ]);
});

test('only the owner can read the record, and it never grows', async (context) => {
  const store = open(context);
  for (let region = 0; region < 6; region += 1) await write(store, region * 16 * MIB);
  const { size, mode } = fs.statSync(context.path);
  assert.equal([size, mode & 0o777], [4096, 0o600]);
  assert.type(readRegionFile(context.path), 'object');
});

test.run();

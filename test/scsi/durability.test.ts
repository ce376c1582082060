import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { Store, StoreCallback } from '../../src/store/store.ts';
import { brief, makeUnit, type RunOptions, run, UNIT_SIZE_BYTES } from './unit-harness.ts';

const test = suite('durability, failing stores');

type Call = 'read' | 'write' | 'flush' | 'unmap';

/** A store that notes its calls, and fails those that it is told to. */
function notingStore(failing: Partial<Record<Call, string>> = {}): { store: Store; calls: Call[] } {
  const inner = new MemoryStore({ size_bytes: UNIT_SIZE_BYTES });
  const calls: Call[] = [];
  const noted = (call: Call, done: StoreCallback, work: () => void) => {
    calls.push(call);
    const code = failing[call];
    if (code === undefined) work();
    else setImmediate(done, Object.assign(new Error(code), { code }));
  };
  const store: Store = {
    size_bytes: inner.size_bytes,
    readOnly: false,
    thin: true,
    read: (target, offset, done) => noted('read', done, () => inner.read(target, offset, done)),
    write: (sources, offset, done) => noted('write', done, () => inner.write(sources, offset, done)),
    flush: (done) => noted('flush', done, () => inner.flush(done)),
    unmap: (offset, length, done) => noted('unmap', done, () => inner.unmap(offset, length, done)),
    extentAt: (offset, done) => inner.extentAt(offset, done),
    close: (done) => inner.close(done),
  };
  return { store, calls };
}

const block = Buffer.alloc(512, 1);
const unmapList = Buffer.from('00160010000000000000000000000000000000080000 0000'.replaceAll(' ', ''), 'hex');

/** Everything that changes the medium. */
const CHANGES: readonly (readonly [what: string, cdb: string, data: Buffer])[] = [
  ['WRITE(6)', '0a 00 0000 01 00', block],
  ['WRITE(10)', '2a 00 00000000 00 0001 00', block],
  ['WRITE(12)', 'aa 00 00000000 00000001 00 00', block],
  ['WRITE(16)', '8a 00 0000000000000000 00000001 00 00', block],
  ['WRITE SAME(10)', '41 00 00000000 00 0001 00', block],
  ['WRITE SAME(16)', '93 00 0000000000000000 00000001 00 00', block],
  ['WRITE SAME(16) unmapping', '93 09 0000000000000000 00000001 00 00', Buffer.alloc(0)],
  ['UNMAP', '42 00 00 00 00 00 00 0018 00', unmapList],
  ['COMPARE AND WRITE', '89 00 0000000000000000 000000 01 00 00', Buffer.concat([Buffer.alloc(512), block])],
  ['ORWRITE', '8b 00 0000000000000000 00000001 00 00', block],
];

test('write-through: every change ends with a flush before it is acknowledged', async () => {
  for (const [what, cdb, data] of CHANGES) {
    const { store, calls } = notingStore();
    const unit = await makeUnit({ store, writeCache: false });
    assert.is(brief(await run(unit, cdb, { data })), 'good', what);
    assert.is(calls.at(-1), 'flush', what);
  }
});

test('write-through: a failed flush is a failed change', async () => {
  for (const [what, cdb, data] of CHANGES) {
    const unit = await makeUnit({ store: notingStore({ flush: 'EIO' }).store, writeCache: false });
    assert.is(brief(await run(unit, cdb, { data })), '3 0c/00', what);
  }
});

test('write-back: a change is not flushed, unless FUA asks for it', async () => {
  for (const [what, cdb, data] of CHANGES) {
    const { store, calls } = notingStore();
    const unit = await makeUnit({ store, writeCache: true });
    assert.is(brief(await run(unit, cdb, { data })), 'good', what);
    assert.not(calls.includes('flush'), what);
  }
  const forced = [
    '2a 08 00000000 00 0001 00',
    'aa 08 00000000 00000001 00 00',
    '8a 08 0000000000000000 00000001 00 00',
    '8b 08 0000000000000000 00000001 00 00',
  ];
  for (const cdb of forced) {
    const { store, calls } = notingStore();
    const unit = await makeUnit({ store });
    assert.is(brief(await run(unit, cdb, { data: block })), 'good', cdb);
    assert.is(calls.at(-1), 'flush', cdb);
  }
});

test('SYNCHRONIZE CACHE flushes, and fails where the flush does', async () => {
  for (const cdb of ['35', '91', '35 02', '35 00 00000000 00 0001 00']) {
    const { store, calls } = notingStore();
    assert.is(brief(await run(await makeUnit({ store }), cdb)), 'good');
    assert.equal(calls, ['flush'], cdb);
    assert.is(brief(await run(await makeUnit({ store: notingStore({ flush: 'EIO' }).store }), cdb)), '3 0c/00');
  }
});

test('READ with FUA flushes what is newer first', async () => {
  const { store, calls } = notingStore();
  assert.is(brief(await run(await makeUnit({ store }), '28 08 00000000 00 0001 00')), 'good');
  assert.equal(calls, ['flush', 'read']);
});

test('WRITE AND VERIFY reads back what is on the medium', async () => {
  const { store, calls } = notingStore();
  assert.is(brief(await run(await makeUnit({ store }), '2e 00 00000000 00 0001 00', { data: block })), 'good');
  assert.equal(calls, ['write', 'flush', 'read']);
});

const FAILURES: readonly (readonly [
  failing: Partial<Record<Call, string>>,
  cdb: string,
  options: RunOptions,
  outcome: string,
])[] = [
  [{ read: 'EIO' }, '28 00 00000007 00 0001 00', {}, '3 11/00=7'],
  [{ read: 'EIO' }, '2f 00 00000007 00 0001 00', {}, '3 11/00=7'],
  [{ read: 'EIO' }, '89 00 0000000000000007 000000 01 00 00', { data: Buffer.alloc(1024) }, '3 11/00=7'],
  [{ write: 'EIO' }, '2a 00 00000007 00 0001 00', { data: block }, '3 0c/00=7'],
  [{ write: 'EIO' }, '93 00 0000000000000007 00000001 00 00', { data: block }, '3 0c/00=7'],
  [{ write: 'ENOSPC' }, '2a 00 00000007 00 0001 00', { data: block }, '7 27/07'],
  [{ write: 'EDQUOT' }, '2a 00 00000007 00 0001 00', { data: block }, '7 27/07'],
  [{ flush: 'ENOSPC' }, '35', {}, '7 27/07'],
  [{ unmap: 'EIO' }, '42 00 00 00 00 00 00 0018 00', { data: unmapList }, '3 0c/00=0'],
  [{ read: 'EBADF' }, '28 00 00000007 00 0001 00', {}, '4 44/00'],
];

test('what a failing store means to the initiator', async () => {
  for (const [failing, cdb, options, outcome] of FAILURES) {
    const unit = await makeUnit({ store: notingStore(failing).store });
    assert.is(brief(await run(unit, cdb, options)), outcome, `${JSON.stringify(failing)}: ${cdb}`);
    // Nothing stays locked after a failure.
    assert.is(brief(await run(unit, '89 00 0000000000000000 000000 00 00 00')), 'good');
  }
});

test('a range that failed is free again for an exclusive command', async () => {
  const failing: Partial<Record<Call, string>> = { write: 'EIO' };
  const unit = await makeUnit({ store: notingStore(failing).store });
  await run(unit, '2a 00 00000000 00 0001 00', { data: block });
  await run(unit, '8b 00 0000000000000000 00000001 00 00', { data: block });
  delete failing.write;
  assert.is(brief(await run(unit, '8b 00 0000000000000000 00000001 00 00', { data: block })), 'good');
});

test.run();

/** A failing or hanging disk, as an initiator sees it: the reported errors, and that no other session is affected. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LIMITS } from '../../src/iscsi/limits.ts';
import { openDiskSession, outcome } from '../fixtures/iscsi/disk-session.ts';

const test = suite('faults of the store');

const READ_8_AT_16 = '28 00 00000010 00 0008 00';
const WRITE_8_AT_16 = '2a 00 00000010 00 0008 00';
const WRITE_8_AT_16_FUA = '2a 08 00000010 00 0008 00';
const SYNCHRONIZE_CACHE = '35 00 00000000 00 0000 00';
const WRITE_SAME_UNMAP = '93 09 0000000000000010 00000008 00 00';
const DATA = Buffer.alloc(4096, 0xa5);

const ABORT_TASK = 1;
const LOGICAL_UNIT_RESET = 5;
const COMPLETE = 0;
const REJECTED = 255;

const write = { flags: 'a0', length: DATA.length, data: DATA };
const read = { flags: 'c0', length: DATA.length };

// MEDIUM ERROR with the LBA: WRITE ERROR 0c00, UNRECOVERED READ ERROR 1100. DATA PROTECT, SPACE ALLOCATION FAILED: 2707.
const ROWS = [
  ['EIO of a read', 'read', 'EIO', { ...read, cdb: READ_8_AT_16 }, '3 1100 lba 16'],
  ['EIO of a write', 'write', 'EIO', { ...write, cdb: WRITE_8_AT_16 }, '3 0c00 lba 16'],
  ['ENOSPC of a write', 'write', 'ENOSPC', { ...write, cdb: WRITE_8_AT_16 }, '7 2707'],
  ['EDQUOT of a write', 'write', 'EDQUOT', { ...write, cdb: WRITE_8_AT_16 }, '7 2707'],
  ['EIO of the flush for FUA', 'flush', 'EIO', { ...write, cdb: WRITE_8_AT_16_FUA }, '3 0c00'],
  ['EIO of SYNCHRONIZE CACHE', 'flush', 'EIO', { flags: '80', cdb: SYNCHRONIZE_CACHE }, '3 0c00'],
  ['EIO of an unmap', 'unmap', 'EIO', { flags: '80', cdb: WRITE_SAME_UNMAP }, '3 0c00 lba 16'],
] as const;

for (const [name, call, code, command, expected] of ROWS) {
  test(`${name}: sense ${expected}, and the next command works`, () => {
    const { store, initiator } = openDiskSession('alpha');
    store.break(call, { kind: 'error', code });
    assert.is(outcome(initiator.command({ tag: 1, ...command }).at(-1)), expected);
    store.heal();
    assert.is(outcome(initiator.command({ tag: 2, ...command }).at(-1)), 'good');
  });
}

test('without a write cache a write whose flush fails is not acknowledged', () => {
  const { store, initiator } = openDiskSession('alpha', { writeCache: false });
  store.break('flush', { kind: 'error', code: 'EIO' });
  assert.is(outcome(initiator.command({ tag: 1, ...write, cdb: WRITE_8_AT_16 }).at(-1)), '3 0c00');
});

test('a short write is not acknowledged', () => {
  const { store, initiator } = openDiskSession('alpha');
  store.break('write', { kind: 'short' });
  assert.is(outcome(initiator.command({ tag: 1, ...write, cdb: WRITE_8_AT_16 }).at(-1)), '7 2707');
});

test('a slow write is acknowledged when it is done', async () => {
  const { clock, store, initiator } = openDiskSession('alpha');
  store.break('write', { kind: 'slow', delay_ms: 30 });
  assert.equal(initiator.command({ tag: 1, ...write, cdb: WRITE_8_AT_16 }), []);
  await clock.advance(29);
  assert.equal(initiator.take(), []);
  await clock.advance(1);
  assert.is(outcome(initiator.take()[0]), 'good');
});

test('a stuck disk: other blocks, other commands and other disks continue', () => {
  const alpha = openDiskSession('alpha');
  const beta = openDiskSession('beta');
  alpha.store.break('write', { kind: 'stuck' });
  assert.equal(alpha.initiator.command({ tag: 1, ...write, cdb: WRITE_8_AT_16 }), []);
  assert.is(outcome(alpha.initiator.command({ tag: 2, flags: '80', cdb: '00' })[0]), 'good');
  assert.is(outcome(alpha.initiator.command({ tag: 3, ...read, cdb: '28 00 00000100 00 0008 00' }).at(-1)), 'good');
  assert.is(outcome(beta.initiator.command({ tag: 1, ...write, cdb: WRITE_8_AT_16 }).at(-1)), 'good');
  assert.equal(beta.initiator.command({ tag: 2, ...read, cdb: READ_8_AT_16 })[0]?.data, DATA);
  alpha.store.heal();
  assert.is(outcome(alpha.initiator.take()[0]), 'good');
});

test('a full window of stuck writes holds no more than its limit, and ends when the disk is back', () => {
  const { store, initiator } = openDiskSession('alpha');
  store.break('write', { kind: 'stuck' });
  for (let tag = 1; tag <= LIMITS.commands; tag++) initiator.command({ tag, ...write, cdb: WRITE_8_AT_16 });
  store.heal();
  assert.equal(
    initiator.take().map(outcome),
    Array.from({ length: LIMITS.commands }, () => 'good'),
  );
});

for (const [name, request] of [
  ['ABORT TASK', { function: ABORT_TASK, task: 1 }],
  ['LOGICAL UNIT RESET', { function: LOGICAL_UNIT_RESET }],
] as const) {
  test(`${name} of a stuck write ends within its time, without claiming what is not so`, () => {
    const { store, initiator } = openDiskSession('alpha');
    store.break('write', { kind: 'stuck' });
    initiator.command({ tag: 1, ...write, cdb: WRITE_8_AT_16 });
    assert.equal(initiator.manage({ tag: 2, ...request }), []);
    const [response, ...others] = initiator.wait(LIMITS.abort_ms / 1_000);
    assert.is(others.length, 0);
    assert.is(response?.opcode, 0x22);
    assert.is(response?.header[2], REJECTED);
    store.heal();
    assert.equal(initiator.take(), [], 'an aborted task has no response');
  });

  test(`${name} is complete once the stuck write has ended`, () => {
    const { store, initiator } = openDiskSession('alpha');
    store.break('write', { kind: 'stuck' });
    initiator.command({ tag: 1, ...write, cdb: WRITE_8_AT_16 });
    initiator.manage({ tag: 2, ...request });
    store.heal();
    const [response, ...others] = initiator.take();
    assert.is(others.length, 0);
    assert.is(response?.header[2], COMPLETE);
  });
}

test('a logout does not wait for ever for a stuck disk', () => {
  const { store, initiator } = openDiskSession('alpha');
  store.break('write', { kind: 'stuck' });
  initiator.command({ tag: 1, ...write, cdb: WRITE_8_AT_16 });
  assert.equal(initiator.send({ 0: '46', 1: '80', 16: '00000009', 24: '00000003' }), []);
  const [response] = initiator.wait(LIMITS.abort_ms / 1_000);
  assert.is(response?.opcode, 0x26);
  store.heal();
});

test.run();

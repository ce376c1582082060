/** Bugs that corrupted data in other targets, each tried on the complete target, from an initiator's bytes to the store. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LIMITS } from '../../../src/iscsi/limits.ts';
import { type DiskSession, openDiskSession, outcome } from '../../fixtures/iscsi/disk-session.ts';
import { directoryOf, INITIATOR, TestInitiator } from '../../fixtures/iscsi/test-initiator.ts';

const test = suite('corruption');

const BLOCK_BYTES = 512;

function write(initiator: TestInitiator, tag: number, lba: number, data: Buffer): string {
  const blocks = (data.length / BLOCK_BYTES).toString(16).padStart(4, '0');
  const cdb = `2a 00 ${lba.toString(16).padStart(8, '0')} 00 ${blocks} 00`;
  return outcome(initiator.command({ tag, flags: 'a0', cdb, length: data.length, data }).at(-1));
}

function read(initiator: TestInitiator, tag: number, lba: number, blocks: number): Buffer {
  const cdb = `28 00 ${lba.toString(16).padStart(8, '0')} 00 ${blocks.toString(16).padStart(4, '0')} 00`;
  const responses = initiator.command({ tag, flags: 'c0', cdb, length: blocks * BLOCK_BYTES });
  return Buffer.concat(responses.map(({ data }) => data));
}

/** Another initiator port of the same target. */
function second({ target }: DiskSession): TestInitiator {
  const initiator = new TestInitiator(directoryOf(target));
  initiator.loginRequest('87', `InitiatorName=${INITIATOR}-2`, `TargetName=${target.name}`, 'InitialR2T=No');
  initiator.command({ tag: 0x7fff, flags: '80', cdb: '00' });
  return initiator;
}

/** UNMAP's parameter list with one descriptor. */
function unmapList(lba: bigint, blocks: number): Buffer {
  const list = Buffer.alloc(24);
  list.writeUInt16BE(22, 0);
  list.writeUInt16BE(16, 2);
  list.writeBigUInt64BE(lba, 8);
  list.writeUInt32BE(blocks, 16);
  return list;
}

function unmap(initiator: TestInitiator, tag: number, lba: bigint, blocks: number): string {
  const data = unmapList(lba, blocks);
  const command = { flags: 'a0', cdb: '42 00 00000000 00 0018 00', length: data.length, data };
  return outcome(initiator.command({ tag, ...command }).at(-1));
}

const GIVING_BACK: [string, (initiator: TestInitiator) => string][] = [
  ['UNMAP', (initiator) => unmap(initiator, 2, 8n, 8)],
  [
    'WRITE SAME with UNMAP',
    (initiator) => {
      const command = { flags: 'a0', cdb: '93 08 0000000000000008 00000008 00 00', length: BLOCK_BYTES };
      return outcome(initiator.command({ tag: 2, ...command, data: Buffer.alloc(BLOCK_BYTES) }).at(-1));
    },
  ],
];

for (const [name, giveBack] of GIVING_BACK) {
  test(`${name} gives the blocks back, and only those`, () => {
    const { initiator, store } = openDiskSession('alpha');
    assert.is(write(initiator, 1, 0, Buffer.alloc(24 * BLOCK_BYTES, 0x77)), 'good');
    assert.is(giveBack(initiator), 'good');
    const expected = Buffer.alloc(24 * BLOCK_BYTES, 0x77).fill(0, 8 * BLOCK_BYTES, 16 * BLOCK_BYTES);
    assert.ok(read(initiator, 3, 0, 24).equals(expected));
    store.extentAt(8 * BLOCK_BYTES, (_error, extent) => {
      assert.not.ok(extent.allocated);
      assert.is(extent.length_bytes, 8 * BLOCK_BYTES);
    });
  });

  test(`${name} does not pass by a persistent reservation`, () => {
    const session = openDiskSession('alpha');
    const holder = second(session);
    assert.is(write(session.initiator, 1, 8, Buffer.alloc(8 * BLOCK_BYTES, 0x77)), 'good');
    const list = Buffer.alloc(24);
    list.writeUInt32BE(0xabc, 12);
    const register = { flags: 'a0', cdb: '5f 00 00 00 00 00 00 00 18 00', length: 24, data: list };
    assert.is(outcome(holder.command({ tag: 1, ...register })[0]), 'good');
    const key = Buffer.alloc(24);
    key.writeUInt32BE(0xabc, 4);
    const reserve = { flags: 'a0', cdb: '5f 01 01 00 00 00 00 00 18 00', length: 24, data: key };
    assert.is(outcome(holder.command({ tag: 2, ...reserve })[0]), 'good');
    assert.is(giveBack(session.initiator), 'status 24');
    assert.ok(read(session.initiator, 3, 8, 8).equals(Buffer.alloc(8 * BLOCK_BYTES, 0x77)));
  });
}

test('COMPARE AND WRITE of two initiators at once: one wins, the other gets a miscompare', async () => {
  const session = openDiskSession('alpha');
  const { initiator, store } = session;
  const other = second(session);
  // The store is slow, so that both are in progress.
  store.break('read', { kind: 'slow', delay_ms: 10 });
  store.break('write', { kind: 'slow', delay_ms: 10 });
  const swap = (by: TestInitiator, value: number) => {
    const data = Buffer.concat([Buffer.alloc(BLOCK_BYTES), Buffer.alloc(BLOCK_BYTES, value)]);
    by.command({ tag: value, flags: 'a0', cdb: '89 00 0000000000000005 000000 01 00 00', length: data.length, data });
  };
  swap(initiator, 1);
  swap(other, 2);
  await session.clock.advance(120);
  const outcomes = [outcome(initiator.take()[0]), outcome(other.take()[0])];
  assert.is(outcomes.filter((each) => each === 'good').length, 1, outcomes.join());
  assert.is(outcomes.filter((each) => each.startsWith('e 1d00')).length, 1, outcomes.join());
  store.heal();
  const winner = outcomes.indexOf('good') + 1;
  assert.ok(read(initiator, 9, 5, 1).equals(Buffer.alloc(BLOCK_BYTES, winner)));
});

test('a write of an old session never lands after the first command of its successor', () => {
  const { initiator, store, target } = openDiskSession('alpha');
  store.break('write', { kind: 'stuck' });
  write(initiator, 1, 0, Buffer.alloc(BLOCK_BYTES, 0x0d));
  initiator.connection.closed();
  const successor = new TestInitiator(directoryOf(target));
  assert.equal(successor.login(target, 'InitialR2T=No'), [], 'it is let in while an old write may yet land');
  store.heal();
  assert.ok(successor.connection.loggedIn);
  successor.take();
  successor.command({ tag: 1, flags: '80', cdb: '00' });
  assert.is(write(successor, 2, 0, Buffer.alloc(BLOCK_BYTES, 0x0e)), 'good');
  assert.ok(read(successor, 3, 0, 1).equals(Buffer.alloc(BLOCK_BYTES, 0x0e)));
});

test('SYNCHRONIZE CACHE and FUA wait for the flush', () => {
  for (const command of [
    { flags: '80', cdb: '35 00 00000000 00 0000 00' },
    { flags: 'a0', cdb: '2a 08 00000000 00 0001 00', length: BLOCK_BYTES, data: Buffer.alloc(BLOCK_BYTES, 1) },
  ]) {
    const { initiator, store } = openDiskSession('alpha');
    store.break('flush', { kind: 'stuck' });
    assert.equal(initiator.command({ tag: 1, ...command }), [], command.cdb);
    store.heal();
    assert.is(outcome(initiator.take()[0]), 'good');
  }
});

/** The unit has 16384 blocks. */
const BEYOND: [string, string, string][] = [
  ['READ(16) at the last LBA of 64 bits', 'c0', '88 00 ffffffffffffffff 00000001 00 00'],
  ['READ(16) that wraps at 64 bits', 'c0', '88 00 fffffffffffffff8 00000010 00 00'],
  ['WRITE SAME(16) of 4 Gi blocks', 'a0', '93 00 0000000000000000 ffffffff 00 00'],
  ['WRITE SAME(16) at 2 to the 32', 'a0', '93 00 0000000100000000 00000001 00 00'],
  ['VERIFY(16) of 4 Gi blocks', '80', '8f 00 0000000000000000 ffffffff 00 00'],
  ['WRITE(10) across the end', 'a0', '2a 00 00003fff 00 0002 00'],
];
for (const [name, flags, cdb] of BEYOND) {
  test(`${name} is out of range, and nothing is written`, () => {
    const { initiator } = openDiskSession('alpha');
    // WRITE SAME takes one block.
    const length = cdb.startsWith('93') ? BLOCK_BYTES : 2 * BLOCK_BYTES;
    const data = flags === 'a0' ? Buffer.alloc(length, 0xee) : Buffer.alloc(0);
    const responses = initiator.command({ tag: 1, flags, cdb, length, data });
    assert.is(outcome(responses.at(-1)).slice(0, 6), '5 2100');
    assert.ok(read(initiator, 2, 0, 16).equals(Buffer.alloc(16 * BLOCK_BYTES)));
    assert.ok(read(initiator, 3, 16_380, 4).equals(Buffer.alloc(4 * BLOCK_BYTES)));
  });
}

for (const [lba, blocks] of [
  [0n, 0xffff_ffff],
  [0xffff_ffff_ffff_ffffn, 1],
  [0x1_0000_0000n, 8],
  [16_380n, 8],
] as const) {
  test(`UNMAP of ${blocks} blocks at ${lba} is out of range, and nothing is unmapped`, () => {
    const { initiator } = openDiskSession('alpha');
    write(initiator, 1, 0, Buffer.alloc(16 * BLOCK_BYTES, 0x77));
    assert.is(unmap(initiator, 2, lba, blocks).slice(0, 6), '5 2100');
    assert.ok(read(initiator, 3, 0, 16).equals(Buffer.alloc(16 * BLOCK_BYTES, 0x77)));
  });
}

for (const offset of [0xffff_fff0, 0x8000_0000, 1 << 20, 1]) {
  test(`Data-Out at offset ${offset} fails its command, and writes nothing`, () => {
    const { initiator } = openDiskSession('alpha');
    const cdb = '2a 00 00000000 00 0010 00';
    const [r2t] = initiator.command({ tag: 1, flags: 'a0', cdb, length: 16 * BLOCK_BYTES });
    assert.is(r2t?.opcode, 0x31);
    const data = Buffer.alloc(BLOCK_BYTES, 0xee);
    const transferTag = r2t?.header.readUInt32BE(20) ?? 0;
    const responses = initiator.dataOut({ tag: 1, transferTag, dataSn: 0, offset, data, final: false });
    assert.is(outcome(responses[0]), 'b 0c0d');
    assert.ok(read(initiator, 2, 0, 16).equals(Buffer.alloc(16 * BLOCK_BYTES)));
  });
}

test('a full window of writes of 4 GiB is refused before any of it is asked for', () => {
  const { initiator } = openDiskSession('alpha');
  for (let tag = 0; tag < LIMITS.commands; tag += 1) {
    const command = { flags: 'a0', cdb: '8a 00 0000000000000000 ffffffff 00 00', length: 0xffff_ffff };
    const responses = initiator.command({ tag, ...command });
    assert.is(responses.length, 1);
    assert.is(responses[0]?.opcode, 0x21, 'its data is asked for');
    assert.is(responses[0]?.header[3], 2);
  }
});

test.run();

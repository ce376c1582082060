import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { UnitServer } from '../../src/scsi/execution/unit-server.ts';
import { LogicalUnit } from '../../src/scsi/logical-unit.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { ALICE, BOB, brief, dataOf, makeUnit, run, UNIT_SIZE_BYTES } from './unit-harness.ts';

const test = suite('unit attentions, removable media, write protection');

/** A unit without any command so far. */
function newUnit(): UnitServer {
  const store = new MemoryStore({ size_bytes: UNIT_SIZE_BYTES });
  return new UnitServer(new LogicalUnit({ store, identity: 'x' }));
}

test('a new nexus meets one power-on condition, which INQUIRY and REPORT LUNS leave alone', async () => {
  const unit = newUnit();
  assert.is(brief(await run(unit, '12 00 00 00 ff 00')), 'good');
  assert.is(brief(await run(unit, 'a0 00 00 000000 00000010 00 00')), 'good');
  assert.is(brief(await run(unit, '00')), '6 29/00');
  assert.is(brief(await run(unit, '00')), 'good');
  assert.is(brief(await run(unit, '00', { nexus: BOB })), '6 29/00');
});

test('a command that meets a unit attention does nothing else', async () => {
  const unit = newUnit();
  assert.is(brief(await run(unit, '2a 00 00000000 00 0001 00', { data: Buffer.alloc(512, 1) })), '6 29/00');
  assert.is((await dataOf(unit, '28 00 00000000 00 0001 00'))[0], 0);
});

test('REQUEST SENSE gives the pending condition as data, in the format it is asked for, and clears it', async () => {
  const unit = await makeUnit();
  unit.reset();
  const fixed = await dataOf(unit, '03 00 00 00 ff 00');
  assert.is(fixed.toString('hex'), '700006000000000a00000000290000000000');
  assert.is((await dataOf(unit, '03 01 00 00 ff 00')).toString('hex'), '7200000000000000');
  assert.is((await dataOf(unit, '03 00 00 00 08 00')).length, 8);
});

test('a reset is reported to every nexus once, whatever was pending', async () => {
  const unit = await makeUnit();
  unit.reset();
  unit.reset();
  for (const nexus of [ALICE, BOB]) {
    assert.is(brief(await run(unit, '00', { nexus })), '6 29/00');
    assert.is(brief(await run(unit, '00', { nexus })), 'good');
  }
});

test('a lost nexus starts again, and nothing about it is kept', async () => {
  const unit = await makeUnit();
  unit.nexusLost(ALICE);
  assert.is(brief(await run(unit, '00')), '6 29/00');
  for (let index = 0; index < 3_000; index += 1) {
    const nexus = { id: `visitor ${index}`, initiatorName: 'visitor' };
    assert.is(brief(await run(unit, '00', { nexus })), '6 29/00');
  }
  // A table that only grows would still know Bob: he was pushed out by others who came once.
  assert.is(brief(await run(unit, '00', { nexus: BOB })), '6 29/00');
});

test('an ejected medium is absent until it is loaded, and the other nexuses are notified', async () => {
  const unit = await makeUnit({ removable: true });
  assert.is(brief(await run(unit, '1b 00 00 00 02 00')), 'good');
  for (const cdb of ['00', '28 00 00000000 00 0001 00', '25', '9e 10 0000000000000000 00000020', '35']) {
    assert.is(brief(await run(unit, cdb)), '2 3a/00', cdb);
  }
  assert.is((await dataOf(unit, '03 00 00 00 ff 00')).toString('hex', 0, 14), '700002000000000a000000003a00');
  assert.is(brief(await run(unit, '1a 08 08 00 ff 00')), 'good');
  assert.is(brief(await run(unit, '1b 00 00 00 01 00')), '2 3a/00');
  assert.is(brief(await run(unit, '1b 00 00 00 03 00')), 'good');
  assert.is(brief(await run(unit, '00')), 'good');
  assert.is(brief(await run(unit, '00', { nexus: BOB })), '6 28/00');
});

test('the tray stays as it is while anybody prevents it', async () => {
  const unit = await makeUnit({ removable: true });
  assert.is(brief(await run(unit, '1e 00 00 00 01 00', { nexus: BOB })), 'good');
  assert.is(brief(await run(unit, '1b 00 00 00 02 00')), '5 53/02');
  assert.is(brief(await run(unit, '1b 00 00 00 03 00')), '5 53/02');
  assert.is(brief(await run(unit, '1e 00 00 00 00 00')), 'good');
  assert.is(brief(await run(unit, '1b 00 00 00 02 00')), '5 53/02');
  unit.nexusLost(BOB);
  assert.is(brief(await run(unit, '1b 00 00 00 02 00')), 'good');
  assert.is(brief(await run(unit, '1e 00 00 00 02 00')), '5 24/00@4');
});

test('START STOP UNIT of a disk that is not removable flushes, and never makes it unreachable', async () => {
  const unit = await makeUnit();
  for (const flags of ['00', '01', '10', '30', '04']) {
    assert.is(brief(await run(unit, `1b 00 00 00 ${flags} 00`)), 'good', flags);
    assert.is(brief(await run(unit, '00')), 'good', flags);
  }
  assert.is(brief(await run(unit, '1b 00 00 00 02 00')), '5 24/00@4');
});

test('a read-only unit refuses every command that writes', async () => {
  const unit = await makeUnit({ readOnly: true });
  const block = Buffer.alloc(512);
  const rows: readonly (readonly [string, Buffer])[] = [
    ['0a 00 0000 01 00', block],
    ['2a 00 00000000 00 0001 00', block],
    ['aa 00 00000000 00000001 00 00', block],
    ['8a 00 0000000000000000 00000001 00 00', block],
    ['2e 00 00000000 00 0001 00', block],
    ['ae 00 00000000 00000001 00 00', block],
    ['8e 00 0000000000000000 00000001 00 00', block],
    ['41 00 00000000 00 0001 00', block],
    ['93 00 0000000000000000 00000001 00 00', block],
    ['89 00 0000000000000000 000000 01 00 00', Buffer.alloc(1024)],
    ['8b 00 0000000000000000 00000001 00 00', block],
    ['42 00 00 00 00 00 00 0018 00', Buffer.alloc(24)],
  ];
  for (const [cdb, data] of rows) assert.is(brief(await run(unit, cdb, { data })), '7 27/00', cdb);
  assert.is(brief(await run(unit, '28 08 00000000 00 0001 00')), 'good');
  assert.is(brief(await run(unit, '35')), 'good');
});

test('a store that was opened read-only makes the unit so', async () => {
  const unit = await makeUnit({ store: new MemoryStore({ size_bytes: UNIT_SIZE_BYTES, readOnly: true }) });
  assert.is(brief(await run(unit, '2a 00 00000000 00 0001 00', { data: Buffer.alloc(512) })), '7 27/00');
  assert.is(brief(await run(unit, '28 08 00000000 00 0001 00')), 'good');
});

test.run();

/** A host that has authenticated and holds what it can must not stop another one. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ByteBudget } from '../../../src/iscsi/byte-budget.ts';
import { Target } from '../../../src/iscsi/target.ts';
import { MemoryDisk } from '../../fixtures/iscsi/memory-disk.ts';
import { directoryOf, INITIATOR, TestInitiator } from '../../fixtures/iscsi/test-initiator.ts';
import { Witness } from '../../fixtures/iscsi/witness.ts';

const test = suite('resources');

const BUDGET_BYTES = 1 << 20;
const WRITE_1_MIB = '2a 00 00000000 00 0800 00';
const R2T = 0x31;

/** Sessions of one target, each with writes that were asked for their data and never send it. */
function hoard(sharedBudget: ByteBudget, sessions: number): { target: Target; initiators: TestInitiator[] } {
  const target = new Target({
    name: 'iqn.2026-11.test:hoarder',
    luns: [1],
    deviceServer: new MemoryDisk(16_384),
    fenced: false,
  });
  const initiators = Array.from({ length: sessions }, (_, index) => {
    const initiator = new TestInitiator(directoryOf(target), { sharedBudget });
    initiator.loginRequest('87', `InitiatorName=${INITIATOR}-${index}`, `TargetName=${target.name}`);
    for (let tag = 1; tag <= 4; tag += 1)
      initiator.command({ tag, flags: 'a0', cdb: WRITE_1_MIB, length: BUDGET_BYTES });
    return initiator;
  });
  return { target, initiators };
}

test('a host that holds all of the shared budget does not stop another one', () => {
  const budget = new ByteBudget(BUDGET_BYTES);
  const witness = new Witness(budget);
  const { initiators } = hoard(budget, 4);
  for (let round = 0; round < 10; round += 1) witness.verify();
  for (const { connection } of initiators) connection.closed();
  assert.is(budget.used_bytes, 0);
});

test('it gets no more than the budget and one command itself, however many sessions it has', () => {
  const budget = new ByteBudget(BUDGET_BYTES);
  hoard(budget, 8);
  assert.ok(budget.used_bytes <= BUDGET_BYTES, `${budget.used_bytes} bytes are held`);
});

test('a host without outstanding commands gets one command beyond the budget, and not two', () => {
  const budget = new ByteBudget(BUDGET_BYTES);
  hoard(budget, 1);
  const target = new Target({
    name: 'iqn.2026-11.test:late',
    luns: [1],
    deviceServer: new MemoryDisk(16_384),
    fenced: false,
  });
  const late = new TestInitiator(directoryOf(target), { sharedBudget: budget });
  late.login(target);
  const command = { flags: 'a0', cdb: WRITE_1_MIB, length: BUDGET_BYTES };
  assert.is(late.command({ tag: 1, ...command })[0]?.opcode, R2T);
  assert.equal(late.command({ tag: 2, ...command }), []);
  assert.is(budget.used_bytes, 2 * BUDGET_BYTES);
  late.connection.closed();
  assert.is(budget.used_bytes, BUDGET_BYTES);
});

test.run();

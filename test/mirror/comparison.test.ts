import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ExecResult } from '../../src/machine/machine.ts';
import { legOf } from '../../src/mirror/primary-legs.ts';
import { compareLegs } from '../../src/mirror/resync.ts';
import type { OwnershipCause } from '../../src/ownership/record.ts';
import type { SpareError } from '../../src/std/errors.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';
import { RecordingMachine } from '../operations/recording-machine.ts';
import { TakeoverWorld } from '../operations/takeover-world.ts';

interface Context {
  world: TakeoverWorld;
}
const test = suite<Context>('legs on the primary');
test.before.each(async (context) => {
  context.world = new TakeoverWorld();
  context.world.clock = new FakeClock();
  await context.world.begin();
});
test.after.each(({ world }) => world.end());

/** Answers each question about the array with the next of these lists of lines, the last one for ever. */
function primary(...answers: string[][]): RecordingMachine {
  let asked = 0;
  return new RecordingMachine('alpha', (argv): ExecResult => {
    if (!argv.includes('mirror-status')) return { exitCode: 0, stdout: '', stderr: '' };
    const lines = answers[Math.min(asked++, answers.length - 1)] ?? [];
    return { exitCode: 0, stdout: `kernelName=md127\nlocal=vdb\nstandby=sda\n${lines.join('\n')}\n`, stderr: '' };
  });
}

const BOTH = ['leg=vdb in_sync', 'leg=sda in_sync,write_mostly'];
const DROPPED = ['leg=vdb in_sync', 'leg=sda faulty,write_mostly'];
const idle = (legs: string[], mismatches = 0) => ['sync_action=idle', `mismatch_cnt=${mismatches}`, ...legs];

/** @param meanwhile What is recorded while the check runs. */
async function compared(world: TakeoverWorld, machine: RecordingMachine, meanwhile: OwnershipCause[] = []) {
  const clock = world.clock as FakeClock;
  const result = compareLegs({ ...world.context, primaryMachine: machine }, () => {}).catch(
    (error: SpareError) => error.code,
  );
  let epoch = world.record?.epoch;
  while (clock.waiting === 0 && !machine.commands.some((argv) => argv.includes('check')))
    await new Promise((resolve) => setImmediate(resolve));
  for (const cause of meanwhile)
    ({ epoch } = await world.ownership.change({ host: 'alpha', volume: 'data' }, epoch, cause));
  while (clock.waiting === 0) await new Promise((resolve) => setImmediate(resolve));
  await clock.advance(1_000);
  return result;
}

test('a comparison of both legs tells how much differs', async ({ world }) => {
  assert.is(await compared(world, primary(idle(BOTH), idle(BOTH))), 0);
  assert.is(await compared(world, primary(idle(BOTH), idle(BOTH, 8))), 8);
});

test('one that has lost a leg is no result, nor one during which the record says that a leg may be lost', async ({
  world,
}) => {
  assert.is(await compared(world, primary(idle(BOTH), idle(DROPPED))), 'COMPARISON_CUT_SHORT');
  assert.is(await compared(world, primary(idle(BOTH), idle(BOTH)), ['logged-in']), 'COMPARISON_CUT_SHORT');
});

test('that the watch has found both legs in sync meanwhile does not matter', async ({ world }) => {
  await world.own('fill');
  assert.is(await compared(world, primary(idle(BOTH), idle(BOTH)), ['in-sync']), 0);
});

test('a leg is told by its own disk: with the link of one away, the other does not pass for it', async ({ world }) => {
  const machine = new RecordingMachine('alpha', () => ({
    exitCode: 0,
    stdout: 'kernelName=md127\nlocal=virtio-alpha-data\nstandby=sda\nleg=vdb in_sync\n',
    stderr: '',
  }));
  const context = { ...world.context, primaryMachine: machine };
  assert.is(await legOf(context, 'standby'), undefined);
  assert.is(await legOf(context, 'local'), undefined);
});

test.run();

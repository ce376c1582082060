import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { stateOf } from '../../src/hosts/host-state.ts';
import { giveVolumeBack, leaveFailover, serveLunAgain } from '../../src/operations/give-back.ts';
import type { SpareError } from '../../src/std/errors.ts';
import { putIntoState } from '../fixtures/host-state.ts';
import { TakeoverWorld } from './takeover-world.ts';

interface Context {
  world: TakeoverWorld;
}
const test = suite<Context>('the way back out of a failover');
test.before.each(async (context) => {
  context.world = new TakeoverWorld();
  await context.world.begin();
  putIntoState('alpha', 'failing-over', { before: 'suspect' });
  context.world.fenced = true;
});
test.after.each(({ world }) => world.end());

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    ({ code }: SpareError) => code,
  );

test('each part goes by what is, whatever became of the one before', async ({ world }) => {
  await world.own('standby');
  assert.is(await codeOf(serveLunAgain(world.context)), 'NOT_ROLLED_BACK');
  assert.is(await codeOf(leaveFailover(world.context)), 'NOT_ROLLED_BACK');
  assert.is(await codeOf(giveVolumeBack(world.context)), 'OWNERSHIP_RULE', 'it may have been written to');
  await world.own('primary');
  assert.is(await codeOf(leaveFailover(world.context)), 'NOT_ROLLED_BACK', 'its LUN is fenced');
  world.attached = true;
  assert.is(await codeOf(serveLunAgain(world.context)), 'LEG_IN_USE');
  assert.equal([world.fenced, stateOf('alpha'), world.violations], [true, 'failing-over', []]);
  world.attached = false;
  assert.is(await codeOf(giveVolumeBack(world.context)), 'done');
  assert.is(await codeOf(serveLunAgain(world.context)), 'done');
  assert.is(await codeOf(leaveFailover(world.context)), 'done');
  assert.equal([world.fenced, stateOf('alpha'), world.record?.owner], [false, 'suspect', 'primary']);
});

test.run();

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { stateOf } from '../../../src/hosts/host-state.ts';
import { planAbort } from '../../../src/operations/failover/abort.ts';
import { planFailover } from '../../../src/operations/failover/failover.ts';
import type { SpareError } from '../../../src/std/errors.ts';
import { putIntoState } from '../../fixtures/host-state.ts';
import { runOperation } from '../../fixtures/run-operation.ts';
import { TakeoverWorld } from '../takeover-world.ts';

const FENCED = { allowDataLoss: false, confirmedOff: false };

async function inWorld(use: (world: TakeoverWorld) => Promise<void>): Promise<void> {
  const world = new TakeoverWorld();
  await world.begin();
  try {
    await use(world);
  } finally {
    await world.end();
  }
}

async function refusal(promise: Promise<unknown>): Promise<SpareError> {
  try {
    await promise;
  } catch (error) {
    return error as SpareError;
  }
  throw new Error('It should have been refused');
}

/** The steps of a failover until the standby may write, and those of its own that go on from there. */
async function stepNames(): Promise<{ before: string[]; after: string[] }> {
  let names: string[] = [];
  await inWorld(async (world) => {
    names = (await planFailover(world.context, FENCED)).steps.map(({ name }) => name);
  });
  const writable = names.indexOf('writable');
  return { before: names.slice(0, writable), after: names.slice(writable, names.indexOf('observe')) };
}

async function killedAfter(world: TakeoverWorld, name: string, when: 'recorded' | 'unrecorded'): Promise<void> {
  const { steps, ...operation } = await planFailover(world.context, FENCED);
  const count = steps.findIndex((step) => step.name === name);
  await runOperation({ ...operation, steps: steps.slice(0, when === 'recorded' ? count + 1 : count) });
  if (when === 'unrecorded') await steps[count]?.run(() => {});
}

const abort = suite('failover --abort');

abort('killed anywhere before the standby may write, the failover is rolled back from what is found', async () => {
  for (const when of ['recorded', 'unrecorded'] as const) {
    for (const name of (await stepNames()).before) {
      await inWorld(async (world) => {
        await killedAfter(world, name, when);
        await runOperation(await planAbort(world.context));
        const label = `${name}, ${when}`;
        assert.equal(world.violations, [], label);
        assert.equal([world.fenced, world.attached, world.arrayState], [false, false, undefined], label);
        assert.is(stateOf('alpha'), 'protected', label);
        assert.is.not(world.record?.owner, 'standby', label);
      });
    }
  }
});

abort('killed anywhere itself, it is run again to the end', async () => {
  for (const count of [0, 1, 2, 3]) {
    await inWorld(async (world) => {
      await killedAfter(world, 'assemble', 'recorded');
      const { steps, ...operation } = await planAbort(world.context);
      await runOperation({ ...operation, steps: steps.slice(0, count) });
      await runOperation(await planAbort(world.context));
      assert.equal([stateOf('alpha'), world.fenced, world.record?.owner], ['protected', false, 'primary']);
      assert.equal(world.violations, []);
    });
  }
});

abort('once the standby may have written, it refuses, and names the command that leads on', async () => {
  for (const name of (await stepNames()).after) {
    await inWorld(async (world) => {
      await killedAfter(world, name, 'recorded');
      const error = await refusal(planAbort(world.context));
      assert.equal([error.code, error.exitCode], ['ALREADY_WRITTEN', 4], name);
      assert.match(error.hint, /run: spare failover alpha$/);
      assert.equal([world.fenced, world.record?.owner], [true, 'standby'], name);
    });
  }
});

abort('a host whose failover has ended, or never begun, is left alone', async () => {
  for (const state of ['protected', 'suspect', 'taken-over', 'failing-back'] as const) {
    await inWorld(async (world) => {
      putIntoState('alpha', state);
      const error = await refusal(planAbort(world.context));
      assert.equal([error.code, error.exitCode], ['NOT_FAILING_OVER', 3], state);
    });
  }
});

abort('of a failover in the middle of a failback leads back into the failback', async () => {
  await inWorld(async (world) => {
    await world.own('fill');
    putIntoState('alpha', 'failing-back', { before: 'taken-over' });
    await killedAfter(world, 'assemble', 'recorded');
    await runOperation(await planAbort(world.context));
    assert.equal([stateOf('alpha'), world.record?.owner, world.fenced], ['failing-back', 'fill', false]);
  });
});

abort.run();

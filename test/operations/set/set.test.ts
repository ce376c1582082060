import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { unfinishedOperations } from '../../../src/hosts/journal.ts';
import type { SettingChanges } from '../../../src/operations/set/setting-changes.ts';
import { SpareError } from '../../../src/std/errors.ts';
import type { Operation } from '../../../src/steps/runner.ts';
import type { Step } from '../../../src/steps/step.ts';
import { putIntoState } from '../../fixtures/host-state.ts';
import { runOperation } from '../../fixtures/run-operation.ts';
import { SettingsWorld } from './settings-world.ts';

interface Context {
  world: SettingsWorld;
}
const set = suite<Context>('set');
set.before.each(async (context) => {
  context.world = new SettingsWorld();
  await context.world.begin();
});
set.after.each(({ world }) => world.end());

const SERVICE = { clients: '10.0.0.0/8', exportOptions: 'rw,sync,no_root_squash,no_subtree_check', lease_s: 30 };
const LONGER: SettingChanges = { ...SERVICE, replacementTimeout_s: 20 };
const SHORTER: SettingChanges = { ...SERVICE, replacementTimeout_s: 10 };
const AGAIN =
  'spare set alpha --clients 10.0.0.0/8 --export-options rw,sync,no_root_squash,no_subtree_check --lease 30';

class Killed extends Error {}

/** The operation in a process that dies at a step: nothing is rolled back. */
function killedAt(operation: Operation, index: number, when: 'before' | 'after'): Operation {
  const dying = (step: Step): Step => ({
    ...step,
    check: async () => false,
    async run(report) {
      if (when === 'after') await step.run(report);
      throw new Killed('killed');
    },
  });
  const steps = operation.steps.map((step, at) => (at === index ? dying(step) : step));
  return { ...operation, steps, onlyForward: true };
}

async function failure(promise: Promise<unknown>): Promise<SpareError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.instance(error, SpareError);
  return error as SpareError;
}

for (const [name, changes] of Object.entries({ longer: LONGER, shorter: SHORTER })) {
  set(`killed anywhere, the same command goes on; a ${name} timeout is never trusted too early`, async ({ world }) => {
    const before = world.settings;
    const { steps } = (await world.plan(changes)).operation;
    assert.is(steps.length, 6);
    for (const [index] of steps.entries()) {
      for (const when of ['before', 'after'] as const) {
        await failure(runOperation(killedAt((await world.plan(changes)).operation, index, when)));
        const [left, ...more] = unfinishedOperations('alpha');
        assert.is(left?.again, `run '${AGAIN} --replacement-timeout ${changes.replacementTimeout_s}' again`);
        assert.equal(more, []);
        await runOperation((await world.plan(changes)).operation);
        assert.equal(world.differences, [], `${when} step ${index}`);
        assert.equal(world.settings, { ...before, ...changes });
        assert.equal(unfinishedOperations('alpha'), []);
        await runOperation((await world.plan(before)).operation);
        assert.equal(world.settings, before);
      }
    }
    assert.equal(world.violations, []);
  });

  set(`a step that fails takes everything back, with a ${name} timeout`, async ({ world }) => {
    const before = world.settings;
    const { steps } = (await world.plan(changes)).operation;
    for (const [index] of steps.entries()) {
      const { operation } = await world.plan(changes);
      const error = await failure(runOperation({ ...killedAt(operation, index, 'after'), onlyForward: false }));
      assert.match(error.hint, 'All changes were rolled back');
      assert.equal(world.settings, before);
      assert.equal(world.differences, [], `step ${index}`);
      assert.equal(unfinishedOperations('alpha'), []);
    }
    assert.equal(world.violations, []);
  });
}

set('what one run has left half-done, another brings to an end', async ({ world }) => {
  const { operation } = await world.plan(LONGER);
  const configured = operation.steps.findIndex(({ name }) => name === 'configuration');
  await failure(runOperation(killedAt(operation, configured, 'after')));
  assert.equal(world.differences, ['standby', 'primary', 'exports']);
  await runOperation((await world.plan({ replacementTimeout_s: 15 })).operation);
  assert.equal(world.differences, []);
  assert.equal(world.settings, { ...world.settings, ...LONGER, replacementTimeout_s: 15 });
});

set('killed before the target knew the new lease: whatever is set next tells it', async ({ world }) => {
  const { operation } = await world.plan(SHORTER);
  const configured = operation.steps.findIndex(({ name }) => name === 'configuration');
  for (const changes of [SHORTER, SERVICE]) {
    await failure(runOperation(killedAt(operation, configured, 'after')));
    world.lease_s = 12;
    await runOperation((await world.plan(changes)).operation);
    assert.equal(world.differences, []);
  }
});

set('policy and fence command are changed in every state, and hide nothing that is unfinished', async ({ world }) => {
  await failure(runOperation(killedAt((await world.plan(SERVICE)).operation, 1, 'before')));
  for (const state of ['enrolled', 'syncing', 'suspect', 'failing-over', 'taken-over', 'failing-back'] as const) {
    putIntoState('alpha', state);
    const policy = world.settings.policy === 'auto' ? 'manual' : 'auto';
    const { operation } = await world.plan({ policy, fenceCommand: `power-switch ${state}` });
    assert.equal(
      operation.steps.map(({ name }) => name),
      ['configuration'],
    );
    await runOperation(operation);
    assert.is(world.settings.policy, policy);
    assert.is(world.settings.fenceCommand, `power-switch ${state}`);
  }
  assert.equal(
    unfinishedOperations('alpha').map(({ operation }) => operation),
    ['set'],
  );
});

set('an empty fence command removes it, unless the policy needs it', async ({ world }) => {
  await runOperation((await world.plan({ policy: 'auto' })).operation);
  assert.is((await failure(world.plan({ fenceCommand: '' }))).code, 'FENCE_NEEDED');
  await runOperation((await world.plan({ policy: 'manual', fenceCommand: '' })).operation);
  assert.not.ok('fenceCommand' in world.settings);
  assert.is((await failure(world.plan({ policy: 'auto' }))).code, 'FENCE_NEEDED');
});

set('the rest is refused while the primary does not serve, or an operation is unfinished', async ({ world }) => {
  for (const [state, hint] of [
    ['enrolled', /'spare enroll alpha' command again/],
    ['failing-over', /spare failover alpha/],
    ['taken-over', /spare failback alpha/],
    ['failing-back', /spare failback alpha/],
  ] as const) {
    putIntoState('alpha', state);
    const error = await failure(world.plan({ policy: 'auto', lease_s: 20 }));
    assert.is(error.code, 'NOT_AT_HOME');
    assert.match(error.message, `--policy, --lease of alpha as it is ${state}`);
    assert.match(error.hint, hint);
  }
  putIntoState('alpha', 'protected');
  const step = { ...((await world.plan(SERVICE)).operation.steps[0] as Step), check: async () => false };
  const failback = { name: 'failback', host: 'alpha', steps: [step], onlyForward: true };
  await failure(runOperation(killedAt(failback, 0, 'before')));
  await runOperation((await world.plan({ policy: 'auto' })).operation);
  const error = await failure(world.plan({ replacementTimeout_s: 20 }));
  assert.is(error.code, 'OPERATION_UNFINISHED');
  assert.match(error.hint, "run 'spare failback alpha' again");
  assert.equal(world.settings.replacementTimeout_s, 12);
});

set('a host that is taken over between plan and start is left alone', async ({ world }) => {
  const { operation } = await world.plan(SERVICE);
  putIntoState('alpha', 'taken-over');
  assert.is((await failure(runOperation(operation))).code, 'STATE_CHANGED');
  assert.equal(world.differences, []);
});

set('a value that cannot be is refused before anything is asked', async ({ world }) => {
  for (const [changes, code] of [
    [{ clients: '10.0.0.0/99' }, 'BAD_CLIENTS'],
    [{ exportOptions: 'rw,fsid=3' }, 'BAD_EXPORT_OPTIONS'],
    [{ lease_s: 1 }, 'BAD_LEASE'],
    [{ replacementTimeout_s: 61 }, 'BAD_REPLACEMENT_TIMEOUT'],
  ] as const) {
    assert.is((await failure(world.plan(changes))).code, code);
  }
  assert.equal(world.primaryMachine.commands, []);
});

set('a lease waits for the next start; without a server that runs, so does everything', async ({ world }) => {
  assert.equal((await world.plan(SERVICE)).atNextStart, ['lease_s']);
  world.serves = false;
  const { atNextStart, operation } = await world.plan(LONGER);
  assert.equal(atNextStart, ['clients', 'exportOptions', 'lease_s']);
  await runOperation(operation);
  assert.equal(world.differences, ['exports']);
});

set('a change that was made meanwhile is kept', async ({ world }) => {
  const { operation } = await world.plan(SERVICE);
  await runOperation((await world.plan({ policy: 'auto' })).operation);
  await runOperation(operation);
  assert.is(world.settings.policy, 'auto');
  assert.equal(world.differences, []);
});

set.run();

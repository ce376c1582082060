import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { enterState, readHostRecord } from '../../src/config/host-records.ts';
import type { ExecResult } from '../../src/host/machine.ts';
import { planFailback } from '../../src/operations/failback.ts';
import { runOperation } from '../../src/operations/runner.ts';
import { SpareError } from '../../src/std/errors.ts';
import { RecordingMachine } from './recording-machine.ts';
import { TakeoverWorld } from './takeover-world.ts';

interface Context {
  world: TakeoverWorld;
}
const failback = suite<Context>('failback');
failback.before.each(async (context) => {
  context.world = new TakeoverWorld();
  await context.world.begin();
  enterState('alpha', 'taken-over');
  Object.assign(context.world, { fenced: true, attached: true, arrayState: 'clean', checked: true, mounted: true });
  Object.assign(context.world, { nfs: true, address: true, primaryPassive: true });
});
failback.after.each(({ world }) => world.end());

/** Answers `status` of the service as given, and everything else with its own configuration. */
function primary(world: TakeoverWorld, status = 'prepared=yes\n', mirrorUuid = world.host.volume.mirrorUuid) {
  return new RecordingMachine('alpha', (argv): ExecResult => {
    const stdout = argv[1] === 'status' ? status : `SPARE_MIRROR_UUID=${mirrorUuid}\n`;
    return { exitCode: 0, stdout, stderr: '' };
  });
}

function plan(world: TakeoverWorld, primaryMachine: RecordingMachine) {
  return planFailback({ ...world.context, primaryMachine }, { verify: true });
}

async function refusal(promise: Promise<unknown>): Promise<SpareError> {
  try {
    await promise;
  } catch (error) {
    assert.instance(error, SpareError);
    return error as SpareError;
  }
  throw new Error('It should have been refused');
}

failback('refuses a host that is not taken over', async ({ world }) => {
  for (const state of ['protected', 'degraded', 'syncing', 'suspect', 'failing-over'] as const) {
    enterState('alpha', state);
    const error = await refusal(plan(world, primary(world)));
    assert.equal([error.code, error.exitCode], ['NOT_TAKEN_OVER', 3], state);
  }
});

failback('refuses before anything is changed where the primary does not answer', async ({ world }) => {
  const unreachable = new RecordingMachine('alpha', () => {
    throw new SpareError('unreachable', 'SSH_FAILED', 'Cannot reach alpha', { hint: 'check that it runs' });
  });
  const error = await refusal(plan(world, unreachable));
  assert.equal([error.code, error.exitCode], ['SSH_FAILED', 6]);
  assert.is(readHostRecord('alpha')?.state, 'taken-over');
  assert.equal(world.standbyMachine.commands, []);
});

failback('refuses a machine that is set up for another mirror set, or not at all', async ({ world }) => {
  const other = await refusal(plan(world, primary(world, '', '99999999:22222222:33333333:44444444')));
  assert.equal([other.code, other.exitCode], ['OTHER_MIRROR', 3]);
  const bare = new RecordingMachine('alpha', () => {
    throw new SpareError('stepFailed', 'COMMAND_FAILED', 'cat: no such file', { hint: 'see' });
  });
  const missing = await refusal(plan(world, bare));
  assert.equal([missing.code, missing.exitCode], ['NOT_PREPARED', 3]);
});

failback('a primary that still holds its service gets nothing: the standby goes on serving', async ({ world }) => {
  for (const held of ['assembled=yes', 'mounted=yes', 'nfsThreads=8', 'address=yes']) {
    const { operation } = await plan(world, primary(world, `prepared=yes\n${held}\n`));
    const error = await refusal(runOperation(operation));
    assert.equal([error.code, error.exitCode], ['PRIMARY_NOT_PASSIVE', 4], held);
    assert.is(readHostRecord('alpha')?.state, 'taken-over', held);
    assert.equal(world.standbyMachine.commands, [], held);
    assert.is(world.fenced, true, held);
  }
});

failback('the LUN is not served again while the standby holds the leg', async ({ world }) => {
  const { operation } = await plan(world, primary(world));
  const busy = new Set(['stop-mirror', 'detach']);
  const steps = operation.steps.map((step) => (busy.has(step.name) ? { ...step, check: async () => true } : step));
  const error = await refusal(runOperation({ ...operation, steps }));
  assert.equal([error.code, error.exitCode], ['LEG_IN_USE', 4]);
  assert.equal([world.fenced, world.violations], [true, []]);
  assert.ok(world.mounted && world.nfs && world.address, 'what was taken down came up again');
  assert.is(readHostRecord('alpha')?.state, 'taken-over');
});

failback('once the LUN is served, nothing is brought back on the standby', async ({ world }) => {
  Object.assign(world, { fenced: false, attached: false, arrayState: undefined, mounted: false, nfs: false });
  const { operation } = await plan(world, primary(world));
  const steps = operation.steps.map((step) =>
    step.name === 'login' ? { ...step, run: () => Promise.reject(new Error('disk on fire')) } : step,
  );
  enterState('alpha', 'failing-back');
  await refusal(runOperation({ ...operation, steps }));
  const touched = world.standbyMachine.commands.map((argv) => argv.join(' '));
  assert.equal(touched, []);
  assert.is(readHostRecord('alpha')?.state, 'failing-back');
});

failback.run();

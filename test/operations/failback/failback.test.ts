import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readHostRecord } from '../../../src/hosts/host-records.ts';
import { noteComparisonDue, recordComparison } from '../../../src/hosts/host-state.ts';
import { readTakeoverNote, writeTakeoverNote } from '../../../src/hosts/takeover-note.ts';
import type { ExecResult } from '../../../src/machine/machine.ts';
import { planFailback } from '../../../src/operations/failback/failback.ts';
import { systemClock } from '../../../src/std/clock.ts';
import { SpareError } from '../../../src/std/errors.ts';
import { putIntoState } from '../../fixtures/host-state.ts';
import { runOperation } from '../../fixtures/run-operation.ts';
import { RecordingMachine } from '../recording-machine.ts';
import { TakeoverWorld } from '../takeover-world.ts';

interface Context {
  world: TakeoverWorld;
}
const failback = suite<Context>('failback');
failback.before.each(async (context) => {
  context.world = new TakeoverWorld();
  await context.world.begin();
  putIntoState('alpha', 'taken-over');
  await context.world.own('standby');
  Object.assign(context.world, { fenced: true, attached: true, arrayState: 'clean', checked: true, mounted: true });
  Object.assign(context.world, { nfs: true, address: true, primaryPassive: true });
});
failback.after.each(({ world }) => world.end());

/** Answers `status` of the service as given, and everything else with its own configuration. */
function primary(world: TakeoverWorld, status = 'prepared=yes\n', mirrorUuid = world.volume.mirrorUuid) {
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
  for (const state of ['protected', 'degraded', 'suspect', 'failing-over'] as const) {
    putIntoState('alpha', state);
    const error = await refusal(plan(world, primary(world)));
    assert.equal([error.code, error.exitCode], ['NOT_TAKEN_OVER', 3], state);
  }
});

const names = ({ operation }: Awaited<ReturnType<typeof plan>>): string[] => operation.steps.map(({ name }) => name);

failback('one that was interrupted after the service moved does what is left by the record', async ({ world }) => {
  putIntoState('alpha', 'syncing');
  await world.own('fill');
  assert.equal(names(await plan(world, primary(world))), ['return-local-leg', 'active', 'copy', 'verify', 'end']);
  await world.own('primary');
  assert.is((await refusal(plan(world, primary(world)))).code, 'NOT_TAKEN_OVER', 'an enrolment fills the other leg');
});

failback(
  'a comparison that is due is made, also where the watch calls the host protected by then',
  async ({ world }) => {
    noteComparisonDue('alpha', systemClock);
    putIntoState('alpha', 'protected');
    await world.own('pair');
    assert.equal(names(await plan(world, primary(world))), ['copy', 'verify', 'end']);
    recordComparison('alpha', 0, systemClock);
    assert.is((await refusal(plan(world, primary(world)))).code, 'NOT_TAKEN_OVER');
  },
);

failback('a mirror mismatch is fixed from the standby leg, whatever the state of the host', async ({ world }) => {
  await world.own('pair');
  recordComparison('alpha', 8, systemClock);
  for (const state of ['protected', 'degraded', 'syncing'] as const) {
    putIntoState('alpha', state);
    assert.equal(names(await plan(world, primary(world))), ['refill', 'home', 'copy', 'verify', 'end'], state);
  }
  recordComparison('alpha', 0, systemClock);
  putIntoState('alpha', 'protected');
  assert.is((await refusal(plan(world, primary(world)))).code, 'NOT_TAKEN_OVER');
  assert.is(readHostRecord('alpha', 'data')?.legsDiffer, undefined);
});

/** A primary whose array runs with these legs, as in sysfs; its own disk is `vdb`. */
function primaryWithLegs(world: TakeoverWorld, legs: () => string[]): RecordingMachine {
  const mirror = () => [
    'kernelName=md127',
    'local=vdb',
    'standby=sda',
    'sync_action=idle',
    ...legs().map((leg) => `leg=${leg}`),
  ];
  return new RecordingMachine('alpha', (argv): ExecResult => {
    const own = `SPARE_MIRROR_UUID=${world.volume.mirrorUuid}\n`;
    return { exitCode: 0, stdout: argv.includes('mirror-status') ? `${mirror().join('\n')}\n` : own, stderr: '' };
  });
}

failback('the local leg is resynced completely: removed first, without its old superblock', async ({ world }) => {
  recordComparison('alpha', 8, systemClock);
  putIntoState('alpha', 'protected');
  let own = 'vdb in_sync';
  const machine = primaryWithLegs(world, () => [own, 'sda in_sync,write_mostly']);
  const { operation } = await plan(world, machine);
  await runOperation({ ...operation, steps: operation.steps.slice(0, 2) });
  const { device, localLeg } = world.volume;
  assert.equal(
    machine.commands.map((argv) => argv.join(' ')).filter((line) => line.startsWith('mdadm')),
    [
      `mdadm ${device} --fail ${localLeg}`,
      `mdadm ${device} --remove ${localLeg}`,
      `mdadm --zero-superblock ${localLeg}`,
      `mdadm ${device} --add ${localLeg}`,
    ],
  );
  assert.equal(
    [readHostRecord('alpha', 'data')?.state, readHostRecord('alpha', 'data')?.comparisonDue],
    ['syncing', true],
  );
  own = 'vdb spare';
  assert.is(await operation.steps[0]?.check?.(), true, 'a copy that runs is not begun again');
});

failback('no resync starts from a standby leg that is not in sync', async ({ world }) => {
  recordComparison('alpha', 8, systemClock);
  putIntoState('alpha', 'degraded');
  for (const legs of [['vdb in_sync', 'sda faulty,write_mostly'], ['vdb in_sync'], ['vdb in_sync', 'sda spare']]) {
    const machine = primaryWithLegs(world, () => legs);
    const { operation } = await plan(world, machine);
    const error = await refusal(runOperation(operation));
    assert.equal([error.code, error.exitCode], ['STANDBY_LEG_NOT_IN_SYNC', 4]);
    assert.not.ok(machine.commands.some(([program]) => program === 'mdadm'));
  }
});

failback('refuses before anything is changed where the primary does not answer', async ({ world }) => {
  const unreachable = new RecordingMachine('alpha', () => {
    throw new SpareError('unreachable', 'SSH_FAILED', 'Cannot reach alpha', { hint: 'check that it runs' });
  });
  const error = await refusal(plan(world, unreachable));
  assert.equal([error.code, error.exitCode], ['SSH_FAILED', 6]);
  assert.is(readHostRecord('alpha', 'data')?.state, 'taken-over');
  assert.equal(world.standbyMachine.commands, []);
});

failback('refuses a machine that is set up for another array, or not at all', async ({ world }) => {
  const other = await refusal(plan(world, primary(world, '', '99999999:22222222:33333333:44444444')));
  assert.equal([other.code, other.exitCode], ['OTHER_MIRROR', 3]);
  const bare = new RecordingMachine('alpha', () => {
    throw new SpareError('stepFailed', 'COMMAND_FAILED', 'cat: no such file', { hint: 'see' });
  });
  const missing = await refusal(plan(world, bare));
  assert.equal([missing.code, missing.exitCode], ['NOT_PREPARED', 3]);
});

failback('a primary that still runs its service gets nothing: the standby keeps serving', async ({ world }) => {
  for (const held of ['assembled=yes', 'mounted=yes', 'nfsThreads=8', 'address=yes']) {
    const { operation } = await plan(world, primary(world, `prepared=yes\n${held}\n`));
    const error = await refusal(runOperation(operation));
    assert.equal([error.code, error.exitCode], ['PRIMARY_NOT_PASSIVE', 4], held);
    assert.is(readHostRecord('alpha', 'data')?.state, 'taken-over', held);
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
  assert.is(readHostRecord('alpha', 'data')?.state, 'taken-over');
});

failback('once the record has let the volume go, nothing is brought back on the standby', async ({ world }) => {
  Object.assign(world, { fenced: false, attached: false, arrayState: undefined, mounted: false, nfs: false });
  await world.own('fill');
  putIntoState('alpha', 'failing-back');
  const { operation } = await plan(world, primary(world));
  const steps = operation.steps.map((step) =>
    step.name === 'login' ? { ...step, run: () => Promise.reject(new Error('disk on fire')) } : step,
  );
  const error = await refusal(runOperation({ ...operation, steps }));
  assert.match(error.hint, "run 'spare failback alpha' again");
  assert.equal(world.standbyMachine.commands, []);
  assert.equal([readHostRecord('alpha', 'data')?.state, world.fenced], ['failing-back', false]);
});

failback(
  'killed when the record had let the volume go, it is resumed: the LUN is served, nothing else',
  async ({ world }) => {
    await until(world, 'gone-home', async () => {
      world.arrayState = undefined;
      world.attached = false;
      await world.ownership.change({ host: 'alpha', volume: 'data' }, world.record?.epoch, 'gone-home');
    });
    assert.equal([world.record?.owner, world.fenced], ['fill', true]);
    const before = world.standbyMachine.commands.length;
    await until(world, 'login', async () => {});
    const touched = world.standbyMachine.commands.slice(before).map((argv) => argv.join(' '));
    assert.equal(
      touched.filter((line) => !line.includes('--associated')),
      [],
    );
    assert.equal([world.fenced, world.violations], [false, []]);
  },
);

failback('the mark of the incomplete local leg holds the epoch since which it is incomplete', async ({ world }) => {
  const marks: string[] = [];
  const machine = primary(world);
  machine.writeFile = async (path, content) => {
    if (path === '/etc/spare/fill') marks.push(content);
  };
  const { operation } = await plan(world, machine);
  const steps = operation.steps.slice(0, operation.steps.findIndex(({ name }) => name === 'fill') + 1);
  await runOperation({ ...operation, steps });
  assert.is(world.record?.owner, 'fill');
  assert.equal(marks, [`data ${world.record?.epoch}\n`]);
});

const LOST = [{ offset_bytes: 0, length_bytes: 16 * 2 ** 20 }];

/** The leg had lost writes before it took over. */
function noteLoss(world: TakeoverWorld): void {
  const epoch = world.record?.takenIn ?? 0;
  writeTakeoverNote('alpha', 'data', { version: 1, epoch, at: '2026-01-01', proven: false, reasons: [], lost: LOST });
  world.lost = LOST;
}

/** What the steps of the primary do is not what is looked at. */
async function until(world: TakeoverWorld, last: string, run: () => Promise<void>): Promise<unknown> {
  const { operation } = await plan(world, primary(world));
  const steps = operation.steps.map((step) => (step.name === last ? { ...step, check: async () => false, run } : step));
  return runOperation({ ...operation, steps: steps.slice(0, steps.findIndex(({ name }) => name === last) + 1) });
}

failback(
  'writes lost before the failover are cleared; later ones are reported, with the next command',
  async ({ world }) => {
    noteLoss(world);
    await until(world, 'login', async () => {});
    assert.equal([world.fenced, world.lost, world.violations], [false, [], []]);

    for (const fenced of [false, true]) {
      Object.assign(world, { lost: LOST, fenced });
      const before = world.standbyMachine.commands.length;
      const error = await refusal(plan(world, primary(world)));
      assert.equal([error.code, error.exitCode], ['ONLY_COPY_LOST_WRITES', 4]);
      assert.match(error.message, '16 MiB at offset 0 MiB');
      assert.match(error.hint, 'spare failover alpha --allow-data-loss');
      assert.equal([world.lost, world.fenced], [LOST, fenced]);
      assert.is(world.standbyMachine.commands.length, before);
    }
  },
);

failback('a failback that fails after the leg has lost writes does not bring it into service', async ({ world }) => {
  noteLoss(world);
  const error = await refusal(
    until(world, 'login', async () => {
      world.lost = LOST;
      throw new Error('disk on fire');
    }),
  );
  assert.is(error.kind, 'stepFailed');
  assert.equal([world.fenced, world.attached, world.arrayState, world.address], [true, false, undefined, false]);
  assert.is(readHostRecord('alpha', 'data')?.state, 'failing-back');
  assert.is((await refusal(plan(world, primary(world)))).code, 'ONLY_COPY_LOST_WRITES');
});

failback('a failback that fails without loss is rolled back, and can be run again', async ({ world }) => {
  noteLoss(world);
  const failing = () => Promise.reject(new Error('disk on fire'));
  await refusal(until(world, 'login', failing));
  assert.equal([world.fenced, world.attached, world.arrayState, world.address], [true, true, 'clean', true]);
  assert.equal([world.record?.owner, world.record?.written], ['standby', true]);
  assert.equal(
    readTakeoverNote('alpha', 'data', world.record)?.lost,
    LOST,
    'the disk of the primary differs there still',
  );
  await until(world, 'login', async () => {});
  assert.equal([world.fenced, world.violations], [false, []]);
});

failback('a loss between two steps is seen before the LUN is served', async ({ world }) => {
  noteLoss(world);
  const { operation } = await plan(world, primary(world));
  const unfence = operation.steps.find(({ name }) => name === 'unfence-lun');
  await world.own('fill');
  Object.assign(world, { fenced: false, attached: false, arrayState: undefined, lost: LOST });
  assert.is(await unfence?.check?.(), false, 'it is not done where writes are lost');
  assert.is((await refusal(unfence?.run(() => {}) ?? Promise.resolve())).code, 'ONLY_COPY_LOST_WRITES');
  assert.equal(world.lost, LOST);
});

failback.run();

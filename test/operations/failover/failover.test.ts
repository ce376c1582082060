import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ownershipPath } from '../../../src/config/paths.ts';
import { readHostRecord } from '../../../src/hosts/host-records.ts';
import { readTakeoverNote, writeTakeoverNote } from '../../../src/hosts/takeover-note.ts';
import { attachLeg } from '../../../src/mirror/standby-leg.ts';
import { planFailover } from '../../../src/operations/failover/failover.ts';
import type { FailoverOptions } from '../../../src/operations/failover/failover-options.ts';
import type { Clock } from '../../../src/std/clock.ts';
import { SpareError } from '../../../src/std/errors.ts';
import type { Operation } from '../../../src/steps/runner.ts';
import type { Step } from '../../../src/steps/step.ts';
import { withVolume } from '../../fixtures/configuration.ts';
import { putIntoState } from '../../fixtures/host-state.ts';
import { runOperation } from '../../fixtures/run-operation.ts';
import { TakeoverWorld } from '../takeover-world.ts';

const FENCED: FailoverOptions = { allowDataLoss: false, confirmedOff: false };
const recovering = readFileSync(join(import.meta.dirname, '..', '..', 'fixtures', 'mirror', 'recovering.sb'));

interface Context {
  world: TakeoverWorld;
}
const failover = suite<Context>('failover');
failover.before.each(async (context) => {
  context.world = new TakeoverWorld();
  await context.world.begin();
});
failover.after.each(({ world }) => world.end());

/** The plan, with the one thing that a world in memory lacks, an NFS server, replaced by a look at that world. */
async function plan(world: TakeoverWorld, options = FENCED): Promise<Operation> {
  const operation = await planFailover(world.context, options);
  const observe = async () => {
    if (!world.served) throw new Error('Nothing is served');
  };
  return {
    ...operation,
    steps: operation.steps.map((step) => (step.name === 'observe' ? { ...step, run: observe } : step)),
  };
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

function assertTakenOver(world: TakeoverWorld, when: string): void {
  assert.equal(world.violations, [], when);
  assert.ok(world.served && world.fenced && world.powerOff && world.arrayState === 'clean', when);
  assert.is(readHostRecord('alpha', 'data')?.state, 'taken-over', when);
}

failover('takes over a host that was protected', async ({ world }) => {
  await runOperation(await plan(world));
  assertTakenOver(world, 'at the end');
});

failover('planning changes nothing', async ({ world }) => {
  await plan(world);
  assert.equal(world.standbyMachine.commands, []);
  assert.equal([world.powerOff, world.fenced, readHostRecord('alpha', 'data')?.state], [false, false, 'protected']);
});

failover('killed after any step and run again, it resumes to the end', async () => {
  const count = (await inNewWorld((world) => plan(world))).steps.length;
  for (let done = 1; done < count; done += 1) {
    await inNewWorld(async (world) => {
      const operation = await plan(world);
      await runOperation({ ...operation, steps: operation.steps.slice(0, done) });
      await runOperation(await plan(world));
      assertTakenOver(world, `after ${operation.steps[done - 1]?.name}`);
    });
  }
});

failover('killed inside any step, with its effect there and not recorded, it resumes to the end', async () => {
  const count = (await inNewWorld((world) => plan(world))).steps.length;
  for (let killed = 0; killed < count - 1; killed += 1) {
    await inNewWorld(async (world) => {
      const operation = await plan(world);
      await runOperation({ ...operation, steps: operation.steps.slice(0, killed) });
      await operation.steps[killed]?.run(() => {});
      await runOperation(await plan(world));
      assertTakenOver(world, `inside of ${operation.steps[killed]?.name}`);
    });
  }
});

failover(
  'if any step fails, before or after its effect, everything or nothing is rolled back, and a second run completes',
  async () => {
    const { steps } = await inNewWorld((world) => plan(world));
    const last = steps.findIndex((step) => step.pointOfNoReturn);
    for (const when of ['before', 'after'] as const) {
      for (const [index, { name }] of steps.entries()) {
        await inNewWorld(async (world) => {
          const operation = await plan(world);
          const broken = operation.steps.map((step) => (step.name === name ? failing(step, when) : step));
          const error = await refusal(runOperation({ ...operation, steps: broken }));
          const label = `${name} failed ${when} its effect`;
          assert.is(error.kind, 'stepFailed', label);
          if (index < last) {
            assert.equal([world.attached, world.arrayState, world.fenced], [false, undefined, false], label);
            assert.is(readHostRecord('alpha', 'data')?.state, 'protected', label);
          }
          // What was taken over and given back may have been written to by the primary alone.
          const options = { ...FENCED, allowDataLoss: world.record?.owner === 'primary' };
          assert.is(options.allowDataLoss, label === 'take-over failed after its effect', label);
          if (readHostRecord('alpha', 'data')?.state !== 'taken-over') await runOperation(await plan(world, options));
          assertTakenOver(world, label);
        });
      }
    }
  },
);

failover('a leg that is a disk of its own is synced before it is used, too', async ({ world }) => {
  const { path } = world.volume.standbyLeg;
  const standbyMachine = Object.assign(world.standbyMachine, { isBlockDevice: async () => true });
  assert.is(await attachLeg({ ...world.context, standbyMachine }), path);
  assert.equal(standbyMachine.commands, [['sync', '--data', path]]);
});

failover('a host that is taken over is not taken over again', async ({ world }) => {
  putIntoState('alpha', 'taken-over');
  const error = await refusal(plan(world));
  assert.equal([error.code, error.exitCode], ['ALREADY_TAKEN_OVER', 3]);
});

failover('refuses where nothing proves that the machine is off', async ({ world }) => {
  const { fenceCommand: _none, ...host } = world.host;
  const error = await refusal(planFailover({ ...world.context, host }, FENCED));
  assert.equal([error.code, error.exitCode], ['NOT_PROVEN_OFF', 4]);
  assert.match(error.hint, 'run: spare failover alpha --confirmed-off');
  const forced = await refusal(planFailover({ ...world.context, host }, { ...FENCED, allowDataLoss: true }));
  assert.match(forced.hint, 'run: spare failover alpha --confirmed-off --allow-data-loss');
});

failover(
  'a hint repeats the flags that were given: without them it would lead to the next refusal',
  async ({ world }) => {
    const { fenceCommand: _none, ...host } = world.host;
    world.lastPduAt = world.clock.bootTime_ms() - 60_000;
    const error = await refusal(planFailover({ ...world.context, host }, { ...FENCED, confirmedOff: true }));
    assert.is(error.code, 'LEG_NOT_PROVEN');
    assert.match(error.hint, /: spare failover alpha --confirmed-off --allow-data-loss$/);
  },
);

failover('does not believe that a machine is off whose mirror writes still arrive', async ({ world }) => {
  const error = await refusal(plan(world, { ...FENCED, confirmedOff: true }));
  assert.equal([error.code, error.exitCode], ['HOST_ALIVE', 4]);
});

failover(
  'refuses a leg that lost writes with the power of the standby, and remembers where if data may be lost',
  async ({ world }) => {
    const lost = [{ offset_bytes: 0, length_bytes: 16 * 2 ** 20 }];
    world.lost = lost;
    const error = await refusal(plan(world));
    assert.equal([error.code, error.exitCode], ['LEG_NOT_PROVEN', 4]);
    assert.match(error.message, '16 MiB of the standby leg may be stale');
    assert.match(error.hint, 'alpha is alive and has every write', 'who lives is not to be switched off');
    assert.is(world.powerOff, false, 'it was not turned off for nothing');
    await runOperation(await plan(world, { ...FENCED, allowDataLoss: true }));
    assertTakenOver(world, 'with data loss allowed');
    assert.equal(readTakeoverNote('alpha', 'data', world.record)?.lost, lost);
    assert.equal(world.lost, lost, 'lost writes are cleared at the failback');
  },
);

const MIB = 2 ** 20;
const OLD_LOSS = { offset_bytes: 0, length_bytes: 16 * MIB };
const NEW_LOSS = { offset_bytes: 32 * MIB, length_bytes: 16 * MIB };

/** A failback was stopped after it had served the LUN again: the primary has its service, and no other leg. */
async function failingBack(world: TakeoverWorld, lost: TakeoverWorld['lost']): Promise<void> {
  await world.own('fill');
  writeTakeoverNote('alpha', 'data', {
    version: 1,
    epoch: world.record?.takenIn ?? 0,
    at: '2026-01-02T03:00:00.000Z',
    proven: false,
    reasons: [],
    lost: [OLD_LOSS],
  });
  putIntoState('alpha', 'failing-back');
  world.fenced = false;
  world.lost = lost;
}

for (const [what, lost] of [
  ['new ranges', [NEW_LOSS]],
  ['the ranges of the note', [OLD_LOSS]],
] as const) {
  failover(
    `the note of a takeover does not cover what the leg lost during the failback: ${what}`,
    async ({ world }) => {
      await failingBack(world, lost);
      const error = await refusal(plan(world));
      assert.equal([error.code, error.exitCode], ['LEG_NOT_PROVEN', 4]);
      assert.match(error.message, '16 MiB of the standby leg may be stale');
      assert.equal(
        [world.powerOff, world.fenced, readHostRecord('alpha', 'data')?.state],
        [false, false, 'failing-back'],
      );

      await runOperation(await plan(world, { ...FENCED, allowDataLoss: true }));
      assertTakenOver(world, 'with data loss allowed');
      const note = readTakeoverNote('alpha', 'data', world.record);
      assert.equal(note?.lost, lost[0] === NEW_LOSS ? [OLD_LOSS, NEW_LOSS] : [OLD_LOSS]);
    },
  );
}

failover(
  'a loss that is seen only once the LUN is fenced is refused too, and the leg is left alone',
  async ({ world }) => {
    await failingBack(world, []);
    const operation = await plan(world);
    const steps = operation.steps.map((step) => {
      const run: Step['run'] = async (report) => {
        await step.run(report);
        world.lost = [OLD_LOSS];
      };
      return step.name === 'fence-lun' ? { ...step, run } : step;
    });
    const error = await refusal(runOperation({ ...operation, steps }));
    assert.equal([error.code, error.exitCode, world.attached], ['LEG_NOT_PROVEN', 4, false]);
    assert.match(error.hint, 'alpha has been switched off; when it is powered on, it serves again');
    assert.is((await refusal(plan(world))).code, 'LEG_NOT_PROVEN', 'nor does it continue when it is run again');
    await runOperation(await plan(world, { ...FENCED, allowDataLoss: true }));
    assertTakenOver(world, 'with data loss allowed');
  },
);

failover('a forced failover that was killed resumes without the flag', async ({ world }) => {
  world.lost = [OLD_LOSS, NEW_LOSS];
  await killedAfter(world, 'take-over', { ...FENCED, allowDataLoss: true });
  await runOperation(await plan(world));
  assertTakenOver(world, 'at the end');
});

failover('refuses where the record says that the primary goes on alone, unless data may be lost', async ({ world }) => {
  await world.own('primary');
  world.lastPduAt = world.clock.bootTime_ms() - 4_000;
  const error = await refusal(plan(world));
  assert.equal([error.code, error.exitCode], ['LEG_NOT_PROVEN', 4]);
  assert.match(error.message, "has said 'primary' since");
  assert.match(error.hint, '--allow-data-loss');
  assert.is(world.powerOff, false, 'it was not turned off for nothing');
  await runOperation(await plan(world, { ...FENCED, allowDataLoss: true }));
  assertTakenOver(world, 'with data loss allowed');
});

failover('refuses a leg whose primary may have gone on alone after the lease', async ({ world }) => {
  world.lastPduAt = world.clock.bootTime_ms() - 60_000;
  const error = await refusal(plan(world));
  assert.equal([error.code, error.exitCode], ['LEG_NOT_PROVEN', 4]);
  assert.match(error.message, /was last heard 60\.\d s ago, and its lease of 12\.0 s is over/);
  await runOperation(await plan(world, { ...FENCED, allowDataLoss: true }));
  assertTakenOver(world, 'with data loss allowed');
  assert.is(world.record?.takenFrom, 'primary', 'the lapse is recorded, too');
});

failover('whatever an earlier takeover has left, the record decides', async ({ world }) => {
  await runOperation(await plan(world));
  const id = { host: 'alpha', volume: 'data' };
  let epoch = world.record?.epoch;
  for (const cause of ['gone-home', 'in-sync', 'leg-lost'] as const)
    ({ epoch } = await world.ownership.change(id, epoch, cause));
  putIntoState('alpha', 'suspect');
  assert.is((await refusal(plan(world))).code, 'LEG_NOT_PROVEN');
  assert.is(readTakeoverNote('alpha', 'data', world.record), undefined);
});

for (const [what, lastPduAt] of [
  ['in the future', 3_600_000],
  ['not a number', Number.NaN],
] as const) {
  failover(`a time ${what} proves nothing`, async ({ world }) => {
    world.lastPduAt = world.clock.bootTime_ms() + lastPduAt;
    assert.is((await refusal(plan(world))).code, 'LEG_NOT_PROVEN');
  });
}

failover('an off of another boot proves nothing', async ({ world }) => {
  await world.ownership.change({ host: 'alpha', volume: 'data' }, world.record?.epoch, 'proven-off');
  world.lastPduAt = null;
  assert.is((await refusal(plan(world))).code, 'LEG_NOT_PROVEN');
});

failover('killed when the machine was off, it resumes long after the lease', async ({ world }) => {
  await killedAfter(world, 'fence-machine');
  assert.equal([world.record?.owner, world.record?.off], ['pair', true]);
  // An hour later.
  const bootTime_ms = () => world.clock.bootTime_ms() + 3_600_000;
  const clock: Clock = Object.assign(Object.create(world.clock), { bootTime_ms });
  await planFailover({ ...world.context, clock }, FENCED);
  // The machine was switched on meanwhile, and is off again.
  world.lastPduAt = world.clock.bootTime_ms() + 1;
  const error = await refusal(planFailover({ ...world.context, clock }, FENCED));
  assert.is(error.code, 'LEG_NOT_PROVEN');
});

failover('killed once it has taken over, it resumes without fencing again', async ({ world }) => {
  await killedAfter(world, 'take-over');
  world.host = { ...world.host, fenceCommand: 'exit 1' };
  world.lastPduAt = null;
  const operation = await plan(world);
  assert.equal(
    operation.steps.map(({ name }) => name).filter((name) => ['fence-machine', 'take-over'].includes(name)),
    [],
  );
  await runOperation(operation);
  assertTakenOver(world, 'at the end');
});

failover('an off that is followed by a sign of life was a lie', async ({ world }) => {
  const operation = await plan(world);
  const steps = operation.steps.map((step) => {
    const run: Step['run'] = async (report) => {
      await step.run(report);
      world.lastPduAt = world.clock.bootTime_ms() + 1;
    };
    return step.name === 'fence-lun' ? { ...step, run } : step;
  });
  const error = await refusal(runOperation({ ...operation, steps }));
  assert.equal([error.code, error.exitCode], ['HOST_ALIVE', 4]);
  assert.equal(
    [world.record?.owner, world.fenced, readHostRecord('alpha', 'data')?.state],
    ['pair', false, 'protected'],
  );
});

failover('without a record nothing is failed over, whatever is allowed', async ({ world }) => {
  const path = ownershipPath(world.volume.standbyLeg.folder);
  writeFileSync(path, 'null');
  assert.is((await refusal(plan(world, { ...FENCED, allowDataLoss: true }))).code, 'OWNERSHIP_DAMAGED');
  rmSync(path);
  assert.is((await refusal(plan(world, { ...FENCED, allowDataLoss: true }))).code, 'NO_OWNERSHIP_RECORD');
});

/** As far as it came before its process was killed. */
async function killedAfter(world: TakeoverWorld, name: string, options = FENCED): Promise<void> {
  const operation = await plan(world, options);
  const count = operation.steps.findIndex((step) => step.name === name) + 1;
  await runOperation({ ...operation, steps: operation.steps.slice(0, count) });
}

const unusable: [string, (world: TakeoverWorld) => void][] = [
  [
    'that is being copied',
    (world) => {
      world.leg = recovering;
    },
  ],
  [
    'of another array',
    (world) => {
      world.host = withVolume(world.host, { mirrorUuid: '99999999:22222222:33333333:44444444' });
    },
  ],
  [
    'that is no leg',
    (world) => {
      world.leg = Buffer.alloc(4096);
    },
  ],
];
for (const [what, change] of unusable) {
  failover(`never uses a leg ${what}, whatever is allowed, and takes everything back`, async () => {
    await inNewWorld(async (world) => {
      change(world);
      const error = await refusal(runOperation(await plan(world, { ...FENCED, allowDataLoss: true })));
      assert.ok(['LEG_UNUSABLE', 'NO_SUPERBLOCK'].includes(error.code), error.code);
      assert.equal([world.attached, world.fenced, world.violations], [false, false, []]);
      assert.is(readHostRecord('alpha', 'data')?.state, 'protected');
    });
  });
}

failover('a fence that fails refuses, and nothing else was done', async ({ world }) => {
  const host = { ...world.host, fenceCommand: 'echo no answer from the switch >&2; exit 1' };
  const error = await refusal(runOperation(await planFailover({ ...world.context, host }, FENCED)));
  assert.equal([error.code, error.exitCode], ['FENCE_FAILED', 4]);
  assert.match(error.message, 'no answer from the switch');
  assert.equal([world.fenced, world.attached], [false, false]);
});

function failing(step: Step, when: 'before' | 'after'): Step {
  const run: Step['run'] = async (report) => {
    if (when === 'after') await step.run(report);
    throw new Error('disk on fire');
  };
  // What is found done already is not run, and could not fail.
  return { ...step, check: async () => false, run };
}

async function inNewWorld<Result>(use: (world: TakeoverWorld) => Promise<Result>): Promise<Result> {
  const world = new TakeoverWorld();
  await world.begin();
  try {
    return await use(world);
  } finally {
    await world.end();
  }
}

failover.run();

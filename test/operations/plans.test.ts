import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { planOf, planText } from '../../src/cli/plan-view.ts';
import { journalPath } from '../../src/hosts/journal.ts';
import { planEnroll } from '../../src/operations/enroll/enroll.ts';
import { planFailback } from '../../src/operations/failback/failback.ts';
import { planFailover } from '../../src/operations/failover/failover.ts';
import { planRestore } from '../../src/operations/restore.ts';
import { planSet } from '../../src/operations/set/set.ts';
import type { Operation } from '../../src/steps/runner.ts';
import { withVolume } from '../fixtures/configuration.ts';
import { putIntoState } from '../fixtures/host-state.ts';
import { runOperation } from '../fixtures/run-operation.ts';
import { RecordingMachine } from './recording-machine.ts';
import { TakeoverWorld } from './takeover-world.ts';

const GOLDEN = join(import.meta.dirname, '..', 'fixtures', 'operations', 'plans');
const HOST_KEY = { type: 'ssh-ed25519', key: 'AAAAC3NzaC1lZDI1NTE5AAAAIA', fingerprint: 'SHA256:abcdefgh' };

interface Context {
  world: TakeoverWorld;
}
const plans = suite<Context>('plans');
plans.before.each(async (context) => {
  context.world = new TakeoverWorld();
  await context.world.begin();
  // The folders of this run are not part of a plan.
  context.world.host = { ...context.world.host, fenceCommand: 'power-switch alpha "$1"' };
});
plans.after.each(({ world }) => world.end());

/** A primary that is set up for this array. */
function primaryOf(world: TakeoverWorld): RecordingMachine {
  const stdout = `SPARE_MIRROR_UUID=${world.volume.mirrorUuid}\n`;
  return new RecordingMachine('alpha', () => ({ exitCode: 0, stdout, stderr: '' }));
}

const PLANS: Record<string, (world: TakeoverWorld) => Promise<Operation>> = {
  enroll: async (world) => planEnroll(world.context, { hostKey: HOST_KEY, wait: true, access: {} }).operation,
  failover: (world) => planFailover(world.context, { allowDataLoss: false, confirmedOff: false }),
  'failover-confirmed-off': (world) => {
    world.lastPduAt = world.clock.bootTime_ms() - 4_000;
    return planFailover(world.context, { allowDataLoss: false, confirmedOff: true });
  },
  failback: async (world) => {
    putIntoState('alpha', 'taken-over');
    const context = { ...world.context, primaryMachine: primaryOf(world) };
    return (await planFailback(context, { verify: true })).operation;
  },
  restore: async (world) => planRestore(world.context),
  set: async (world) => {
    const answer = { exitCode: 0, stdout: 'nfsThreads=8\naddress=yes\n', stderr: '' };
    const primaryMachine = new RecordingMachine('alpha', () => answer);
    const changes = { policy: 'auto', clients: '10.0.0.0/8', lease_s: 20, replacementTimeout_s: 20 } as const;
    return (await planSet({ ...world.context, primaryMachine }, changes)).operation;
  },
};

for (const [name, plan] of Object.entries(PLANS)) {
  plans(`${name}: every step, where, and with which command line`, async ({ world }) => {
    const shown = planText(planOf(await plan(world)));
    assert.fixture(shown, readFileSync(join(GOLDEN, `${name}.txt`), 'utf8').trimEnd());
  });

  plans(`${name}: no secret is in a plan, a command line, the journal or an error`, async ({ world }) => {
    const { chap, mutualChap } = world.host.target;
    // Some steps write files of the standby themselves.
    world.standby = { ...world.standby, knownHosts: join(world.root, 'known_hosts') };
    world.host = withVolume(world.host, {
      standbyLeg: { ...world.volume.standbyLeg, path: join(world.root, 'alpha.img') },
    });
    const said: string[] = [];
    const operation = await plan(world);
    said.push(JSON.stringify(planOf(operation)));
    // Each step by itself: one that fails for want of a real machine must not hide the ones after it.
    for (const step of operation.steps) {
      if (['observe', 'login', 'standby-leg', 'copy'].includes(step.name)) continue;
      const single = { ...operation, steps: [{ ...step, check: async () => false }] };
      await runOperation(single).catch((error: unknown) => said.push(textOf(error)));
    }
    said.push(existsSync(journalPath('alpha')) ? readFileSync(journalPath('alpha'), 'utf8') : '');
    for (const machine of new Set(operation.steps.map((step) => step.machine as RecordingMachine))) {
      said.push(JSON.stringify(machine.commands));
    }
    assert.ok(said.join('').length > 1000, 'something was said');
    for (const { secret } of [chap, mutualChap]) assert.not.ok(said.join('\n').includes(secret));
  });
}

/** All that a person could get to see of an error. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return [error.stack, JSON.stringify(error), error.cause === undefined ? '' : textOf(error.cause)].join('\n');
}

plans.run();

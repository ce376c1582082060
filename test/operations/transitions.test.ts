import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { paths } from '../../src/config/paths.ts';
import { removeHostConfiguration } from '../../src/config/write-configuration.ts';
import { HOST_STATES, type HostStateName, type PrimaryReport } from '../../src/hosts/host-record.ts';
import { enter, noteComparisonDue, readState, recordComparison } from '../../src/hosts/host-state.ts';
import { journalPath } from '../../src/hosts/journal.ts';
import { TRANSITIONS, transitionOf } from '../../src/hosts/state-table.ts';
import { planEnroll } from '../../src/operations/enroll/enroll.ts';
import { planFailback } from '../../src/operations/failback/failback.ts';
import { planFailover } from '../../src/operations/failover/failover.ts';
import { planRestore } from '../../src/operations/restore.ts';
import { systemClock } from '../../src/std/clock.ts';
import { SpareError } from '../../src/std/errors.ts';
import type { Operation } from '../../src/steps/runner.ts';
import type { Step } from '../../src/steps/step.ts';
import { observedEvent } from '../../src/watch/observe.ts';
import { withVolume } from '../fixtures/configuration.ts';
import { putIntoState } from '../fixtures/host-state.ts';
import { runOperation } from '../fixtures/run-operation.ts';
import { RecordingMachine } from './recording-machine.ts';
import { TakeoverWorld } from './takeover-world.ts';

/** Every edge that anything has made, as `from → to`, by the state before and after. */
const seen = new Set<string>();
/** The same by the journals, with what has caused it. */
const told = new Set<string>();

const stateNow = () => readState('alpha')?.state ?? null;

async function watched<Result>(work: () => Promise<Result> | Result): Promise<Result> {
  const from = stateNow();
  try {
    return await work();
  } finally {
    if (stateNow() !== from) seen.add(`${from} → ${stateNow()}`);
  }
}

/** The operation, observed before and after each step, without the machines that a world in memory lacks. */
function inMemory(operation: Operation): Operation {
  const steps = operation.steps.map((step): Step => {
    const { check: _there, undo, ...rest } = step;
    if (step.machine.name === 'alpha' || step.name === 'observe') return { ...rest, run: async () => {} };
    const looked: Step = { ...step, run: (report) => watched(() => step.run(report)) };
    return undo ? { ...looked, undo: () => watched(() => undo.call(step)) } : looked;
  });
  return { ...operation, steps };
}

type MakePlan = (world: TakeoverWorld) => Promise<Operation>;

/** Runs the plan to its end, and answers the names of its steps. */
async function runWhole(plan: MakePlan): Promise<string[]> {
  return inWorld(async (world) => {
    const operation = await plan(world);
    await runOperation(inMemory(operation));
    return operation.steps.map(({ name }) => name);
  });
}

/** Runs the plan to its end, and in other worlds once with each step failing after it has had its effect. */
async function runAndFailEverywhere(plan: MakePlan): Promise<void> {
  for (const name of await runWhole(plan)) await inWorld(async (world) => failAt(name, await plan(world)));
}

async function failAt(name: string, operation: Operation): Promise<void> {
  const whole = inMemory(operation);
  const steps = whole.steps.map((step): Step => {
    const run: Step['run'] = async (report) => {
      await step.run(report);
      throw new Error('disk on fire');
    };
    // What is found done already is not run, and could not fail.
    return step.name === name ? { ...step, check: async () => false, run } : step;
  });
  try {
    await runOperation({ ...whole, steps });
  } catch (error) {
    assert.is((error as SpareError).code, 'STEP_FAILED', `${operation.name}, ${name}: ${error}`);
    return;
  }
  throw new Error(`${operation.name} should have failed at ${name}`);
}

async function inWorld<Result>(use: (world: TakeoverWorld) => Promise<Result>): Promise<Result> {
  const world = new TakeoverWorld();
  await world.begin();
  world.standby = { ...world.standby, knownHosts: join(world.root, 'known_hosts'), poolDirectory: world.root };
  const path = join(world.root, 'alpha', 'leg.img');
  world.host = withVolume(world.host, { standbyLeg: { ...world.volume.standbyLeg, path } });
  try {
    return await use(world);
  } finally {
    readJournal();
    await world.end();
  }
}

function readJournal(): void {
  if (!existsSync(journalPath('alpha'))) return;
  for (const line of readFileSync(journalPath('alpha'), 'utf8').trim().split('\n')) {
    const { event, from, cause, to } = JSON.parse(line);
    if (event === 'state') told.add(`${from} → ${to}: ${cause}`);
  }
}

async function takenOver(world: TakeoverWorld): Promise<void> {
  putIntoState('alpha', 'taken-over');
  await world.own('standby');
  Object.assign(world, { fenced: true, attached: true, arrayState: 'clean', checked: true, mounted: true });
  Object.assign(world, { nfs: true, address: true, primaryPassive: true });
}

const failover = (world: TakeoverWorld) => planFailover(world.context, { allowDataLoss: true, confirmedOff: false });

async function failback(world: TakeoverWorld): Promise<Operation> {
  const stdout = `SPARE_MIRROR_UUID=${world.volume.mirrorUuid}\n`;
  const primaryMachine = new RecordingMachine('alpha', () => ({ exitCode: 0, stdout, stderr: '' }));
  return (await planFailback({ ...world.context, primaryMachine }, { verify: true })).operation;
}

const ORIGINS: readonly HostStateName[] = ['enrolled', 'syncing', 'protected', 'degraded', 'suspect'];
const HOME: readonly HostStateName[] = ['syncing', 'protected', 'degraded'];
const RUNS: Record<string, () => Promise<void>> = {
  enrolment: () =>
    runAndFailEverywhere(async (world) => {
      removeHostConfiguration('alpha');
      rmSync(join(paths().state, 'hosts', 'alpha.json'));
      const hostKey = { type: 'ssh-ed25519', key: 'AAAAC3NzaC1lZDI1NTE5AAAAIA', fingerprint: 'SHA256:abcdefgh' };
      return planEnroll(world.context, { hostKey, wait: true, access: {} }).operation;
    }),
  failover: async () => {
    await runAndFailEverywhere(failover);
    for (const origin of ORIGINS) {
      const plan: MakePlan = (world) => {
        putIntoState('alpha', origin);
        return failover(world);
      };
      await runWhole(plan);
      await inWorld(async (world) => failAt('check-leg', await plan(world)));
    }
  },
  'failover in the middle of a failback': () =>
    runAndFailEverywhere(async (world) => {
      putIntoState('alpha', 'failing-back', { before: 'taken-over' });
      await world.own('fill');
      return failover(world);
    }),
  'failover that is refused by the leg, whatever is allowed': async () => {
    for (const origin of ORIGINS) {
      await inWorld(async (world) => {
        putIntoState('alpha', origin);
        world.leg = Buffer.alloc(4096);
        await runOperation(inMemory(await failover(world))).catch((error) => assert.instance(error, SpareError));
        assert.is(stateNow(), origin);
      });
    }
  },
  failback: () =>
    runAndFailEverywhere(async (world) => {
      await takenOver(world);
      return failback(world);
    }),
  'failback of a host whose state file was lost on its way home': async () => {
    await runWhole(async (world) => {
      putIntoState('alpha', 'enrolled');
      await world.own('fill');
      return failback(world);
    });
  },
  'the rest of a failback': async () => {
    for (const state of HOME) {
      for (const note of [
        () => noteComparisonDue('alpha', systemClock),
        () => recordComparison('alpha', 8, systemClock),
      ]) {
        const plan: MakePlan = (world) => {
          putIntoState('alpha', state);
          note();
          return failback(world);
        };
        await runWhole(plan);
        await inWorld(async (world) => failAt('verify', await plan(world)));
      }
    }
  },
  restore: () =>
    runAndFailEverywhere(async (world) => {
      await takenOver(world);
      Object.assign(world, { attached: true, arrayState: undefined, mounted: false, nfs: false, address: false });
      return planRestore(world.context);
    }),
  'what the watch sees': () =>
    inWorld(async () => {
      for (const state of HOST_STATES) for (const observation of OBSERVATIONS) await observed(state, observation);
      rmSync(join(paths().state, 'hosts', 'alpha.json'));
      await watched(() => enter('alpha', 'enrolled', systemClock));
      // The state file of a host that has an ownership record.
      rmSync(join(paths().state, 'hosts', 'alpha.json'));
      await watched(() => enter('alpha', 'leg-lost', systemClock));
    }),
};

type Seen = Omit<Parameters<typeof observedEvent>[0], 'state'>;
const whole: PrimaryReport = {
  receivedAt: '2026-01-02T03:04:05.000Z',
  arrayState: 'clean',
  standbyLegState: 'in_sync,write_mostly',
  localLegState: 'in_sync',
  syncAction: 'idle',
  sessionLoggedIn: true,
  passive: false,
};
const REPORTS = [
  undefined,
  whole,
  { ...whole, standbyLegState: 'spare', syncAction: 'recover' },
  { ...whole, standbyLegState: 'faulty' },
  { ...whole, arrayState: 'missing', passive: true },
];
const OBSERVATIONS: readonly Seen[] = (['alive', 'suspect', 'dead', 'unknown'] as const).flatMap((verdict) =>
  REPORTS.flatMap((report) =>
    (['none', 'some', 'unknown'] as const).map((lostWrites) => {
      return { verdict, report, lostWrites, isProven: report === whole && lostWrites === 'none' };
    }),
  ),
);

/** As the keeper does it: what leads nowhere is not recorded. */
async function observed(state: HostStateName, observation: Seen): Promise<void> {
  putIntoState('alpha', state);
  const event = observedEvent({ state, ...observation });
  if (event && transitionOf(state, event)) await watched(() => enter('alpha', event, systemClock));
}

const transitions = suite('transitions');
for (const [name, run] of Object.entries(RUNS)) transitions(`${name}: runs, and is refused, in every way`, run);

transitions('are what the table says: nothing else happens, and all that is in it does', () => {
  const inTable = TRANSITIONS.map(({ from, to }) => `${from} → ${to}`);
  assert.equal([...seen].sort(), inTable.sort());
  const events = TRANSITIONS.map(({ from, event, to }) => `${from ?? 'none'} → ${to ?? 'none'}: ${event}`);
  assert.equal([...told].sort(), events.sort());
});
transitions.run();

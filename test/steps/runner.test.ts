import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { enter } from '../../src/hosts/host-state.ts';
import { journalPath, readJournal, unfinishedOperations } from '../../src/hosts/journal.ts';
import type { Machine } from '../../src/machine/machine.ts';
import { systemClock } from '../../src/std/clock.ts';
import { SpareError } from '../../src/std/errors.ts';
import { lockHost } from '../../src/steps/host-lock.ts';
import { OperationFailed } from '../../src/steps/operation-report.ts';
import type { Operation } from '../../src/steps/runner.ts';
import type { RunEvent, Step } from '../../src/steps/step.ts';
import { eventually } from '../fixtures/eventually.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';
import { putIntoState } from '../fixtures/host-state.ts';
import { runOperation } from '../fixtures/run-operation.ts';
import { useTemporaryDirectories } from '../fixtures/state-directories.ts';

const machine = { name: 'standby' } as Machine;

/** Steps that set flags in `world`, as real ones change machines. */
function flagStep(world: Set<string>, name: string, more: Partial<Step> = {}): Step {
  return {
    name,
    title: `Set ${name}`,
    machine,
    commandLines: [`set ${name}`],
    check: async () => world.has(name),
    run: async () => {
      world.add(name);
    },
    undo: async () => {
      world.delete(name);
    },
    ...more,
  };
}

function operationOf(steps: Step[]): Operation {
  return { name: 'failover', host: 'alpha', steps };
}

async function failureOf(promise: Promise<unknown>): Promise<SpareError> {
  try {
    await promise;
  } catch (error) {
    assert.instance(error, SpareError);
    return error as SpareError;
  }
  throw new Error('Expected a failure');
}

const broken = async () => {
  throw new Error('disk on fire');
};

const test = suite('runner');
let directories: ReturnType<typeof useTemporaryDirectories>;
test.before.each(() => {
  directories = useTemporaryDirectories();
});
test.after.each(() => directories.remove());

test('does nothing where the host is not in a state that was planned for', async () => {
  const world = new Set<string>();
  putIntoState('alpha', 'taken-over');
  const operation: Operation = { ...operationOf([flagStep(world, 'a')]), startsIn: ['protected', 'suspect'] };
  const error = await failureOf(runOperation(operation));
  assert.equal([error.code, error.exitCode], ['STATE_CHANGED', 3]);
  assert.match(error.message, 'it is now taken-over, expected protected or suspect');
  assert.equal([[...world], readJournal('alpha')], [[], []]);
  putIntoState('alpha', 'suspect');
  await runOperation(operation);
  assert.ok(world.has('a'));
});

test('reads every time from the clock that it is handed', async () => {
  const clock = new FakeClock();
  const step = flagStep(new Set(), 'a', { run: () => clock.advance(90_000) });
  const report = await runOperation(operationOf([step]), { clock });
  assert.equal([report.startedAt, report.elapsed_ms], ['2026-01-02T03:00:00.000Z', 90_000]);
  const times = readJournal('alpha').map(({ event, time }) => `${event} ${time}`);
  assert.equal(times, [
    'operation-begun 2026-01-02T03:00:00.000Z',
    'step-begun 2026-01-02T03:00:00.000Z',
    'step-done 2026-01-02T03:01:30.000Z',
    'operation-ended 2026-01-02T03:01:30.000Z',
  ]);
});

test('a bug keeps its exit code, and the changes are rolled back', async () => {
  const world = new Set<string>();
  putIntoState('alpha', 'taken-over');
  const record = async () => void enter('alpha', 'legs-in-sync', systemClock);
  const error = await failureOf(
    runOperation(operationOf([flagStep(world, 'a'), flagStep(world, 'b', { run: record })])),
  );
  assert.equal([error.code, error.exitCode, [...world]], ['NO_TRANSITION', 1, []]);
});

test('an undo that fails does not end the rollback, and what is left is told with the command that leads on', async () => {
  const world = new Set<string>();
  const steps = [
    flagStep(world, 'a'),
    flagStep(world, 'b', { undo: broken }),
    flagStep(world, 'c'),
    flagStep(world, 'd', { run: broken }),
  ];
  const error = await failureOf(runOperation({ ...operationOf(steps), rollBack: 'spare failover alpha --abort' }));
  assert.equal([...world], ['b']);
  assert.match(error.hint, "Not everything was rolled back. 'Set b' was not rolled back: disk on fire");
  assert.match(error.hint, 'run: spare failover alpha --abort');
  assert.equal(
    unfinishedOperations('alpha').map(({ operation }) => operation),
    ['failover'],
  );
});

test('a refusal tells what its rollback has left, too', async () => {
  const world = new Set<string>();
  const refuse = async () => {
    throw new SpareError('refused', 'NO', 'Cannot', { hint: 'Look' });
  };
  const steps = [flagStep(world, 'a', { undo: broken }), flagStep(world, 'b', { run: refuse })];
  const error = await failureOf(runOperation(operationOf(steps)));
  assert.equal([error.code, error.exitCode], ['NO', 4]);
  assert.match(error.hint, /^Look\. Not everything was rolled back/);
});

test('a disk that is full by then does not keep it from rolling back', async () => {
  const world = new Set<string>();
  const fill = async () => {
    rmSync(dirname(journalPath('alpha')), { recursive: true });
    writeFileSync(dirname(journalPath('alpha')), '');
    throw new Error('No space left on device');
  };
  const error = await failureOf(runOperation(operationOf([flagStep(world, 'a'), flagStep(world, 'b', { run: fill })])));
  assert.equal([...world], []);
  assert.match(error.message, 'No space left on device');
  assert.match(error.hint, 'All changes were rolled back');
});

test('runs the steps in order, each with its intent in the journal before and its result after', async () => {
  const world = new Set<string>();
  const seenAtRun: string[] = [];
  const steps = ['a', 'b'].map((name) =>
    flagStep(world, name, {
      run: async () => {
        seenAtRun.push(readJournal('alpha').at(-1)?.event ?? '');
        world.add(name);
      },
    }),
  );
  const report = await runOperation(operationOf(steps));
  assert.equal(
    report.steps.map((step) => step.status),
    ['done', 'done'],
  );
  assert.equal(seenAtRun, ['step-begun', 'step-begun']);
  assert.equal(
    readJournal('alpha').map((entry) => `${entry.event} ${entry.step ?? ''}`.trim()),
    ['operation-begun', 'step-begun a', 'step-done a', 'step-begun b', 'step-done b', 'operation-ended'],
  );
});

test('passes over a step whose effect is there', async () => {
  const world = new Set(['a']);
  const report = await runOperation(operationOf([flagStep(world, 'a', { run: broken }), flagStep(world, 'b')]));
  assert.equal(
    report.steps.map((step) => step.status),
    ['already-done', 'done'],
  );
});

test('rolls back its steps, including the failed one, last first', async () => {
  const world = new Set<string>();
  const undone: string[] = [];
  const recordUndo = (name: string) => ({
    undo: async () => {
      undone.push(name);
      world.delete(name);
    },
  });
  const error = await failureOf(
    runOperation(
      operationOf([
        flagStep(world, 'a', recordUndo('a')),
        flagStep(world, 'b', recordUndo('b')),
        flagStep(world, 'c', { run: broken, ...recordUndo('c') }),
      ]),
    ),
  );
  assert.is(error.exitCode, 5);
  assert.match(error.message, "'Set c': disk on fire");
  assert.equal(undone, ['c', 'b', 'a']);
  assert.is(world.size, 0);
  assert.equal(unfinishedOperations('alpha'), []);
});

test('does not roll back a step that an earlier run had done', async () => {
  const world = new Set(['a']);
  await failureOf(runOperation(operationOf([flagStep(world, 'a'), flagStep(world, 'b', { run: broken })])));
  assert.ok(world.has('a'));
});

test('only goes forward after the point of no return', async () => {
  const world = new Set<string>();
  const steps = [flagStep(world, 'a', { pointOfNoReturn: true }), flagStep(world, 'b', { run: broken })];
  const error = await failureOf(runOperation(operationOf(steps)));
  assert.match(error.hint, "'spare failover alpha' again");
  assert.ok(world.has('a'));
  assert.is(unfinishedOperations('alpha')[0]?.operation, 'failover');
});

test('rolls nothing back if an earlier run may have passed the point of no return', async () => {
  const world = new Set<string>();
  const steps = [flagStep(world, 'a'), flagStep(world, 'b', { run: broken })];
  const error = await failureOf(runOperation({ ...operationOf(steps), onlyForward: true }));
  assert.match(error.hint, 'again');
  assert.equal([...world], ['a']);
});

test('says how to run an operation again that is not a command of that form', async () => {
  const steps = [flagStep(new Set(), 'a', { run: broken, pointOfNoReturn: true })];
  const error = await failureOf(runOperation({ ...operationOf(steps), again: "run 'spare init' again" }));
  assert.match(error.hint, "Fix it, then run 'spare init' again; it resumes where it stopped");
  assert.not.match(error.hint, 'spare failover alpha');
});

test('resumes after being killed at any step boundary, doing nothing twice', async () => {
  for (let killAt = 0; killAt < 4; killAt++) {
    const world = new Set<string>();
    const runs = new Map<string, number>();
    const steps = (killed: boolean) =>
      ['a', 'b', 'c', 'd'].map((name, index) =>
        flagStep(world, name, {
          pointOfNoReturn: true,
          run: async () => {
            if (killed && index === killAt) throw new Error('killed');
            runs.set(name, (runs.get(name) ?? 0) + 1);
            world.add(name);
          },
        }),
      );
    await failureOf(runOperation(operationOf(steps(true))));
    await runOperation(operationOf(steps(false)));
    assert.equal([...runs.values()], [1, 1, 1, 1], `killed at step ${killAt}`);
  }
});

test('ends between two steps when it is interrupted', async () => {
  const world = new Set<string>();
  const controller = new AbortController();
  const steps = [
    flagStep(world, 'a', {
      pointOfNoReturn: true,
      run: async () => {
        world.add('a');
        controller.abort();
      },
    }),
    flagStep(world, 'b'),
  ];
  const error = await failureOf(runOperation(operationOf(steps), { signal: controller.signal }));
  assert.is(error.code, 'INTERRUPTED');
  assert.equal([...world], ['a']);
});

test('does not roll back a step before which it was interrupted', async () => {
  const world = new Set<string>();
  const controller = new AbortController();
  const interrupting = flagStep(world, 'a', {
    run: async () => {
      world.add('a').add('b');
      controller.abort();
    },
  });
  await failureOf(runOperation(operationOf([interrupting, flagStep(world, 'b')]), { signal: controller.signal }));
  assert.equal([...world], ['b']);
});

test('refuses a second operation on the same host, and says which one runs', async () => {
  const lock = await lockHost('alpha', 'failback', systemClock);
  try {
    const error = await failureOf(runOperation(operationOf([flagStep(new Set(), 'a')])));
    assert.is(error.exitCode, 7);
    assert.match(error.message, 'failback');
  } finally {
    await lock.release();
  }
  await runOperation(operationOf([flagStep(new Set(), 'a')]));
});

test('waits for the watch, which prepares the host or records its state, and then runs', async () => {
  for (const brief of ['prepare', 'watch']) {
    const world = new Set<string>();
    const clock = new FakeClock();
    const lock = await lockHost('alpha', brief, clock);
    const run = runOperation(operationOf([flagStep(world, 'a')]), { clock });
    await eventually(() => assert.is(clock.waiting, 1));
    await lock.release();
    await clock.advance(1000);
    await run;
    assert.ok(world.has('a'), brief);
  }
});

test('does not wait for the watch for ever, and the watch waits for nobody', async () => {
  const clock = new FakeClock();
  const lock = await lockHost('alpha', 'prepare', clock);
  try {
    assert.is((await failureOf(lockHost('alpha', 'watch', clock))).code, 'HOST_BUSY');
    const run = failureOf(runOperation(operationOf([flagStep(new Set(), 'a')]), { clock }));
    await eventually(() => assert.is(clock.waiting, 1));
    clock.jump(75_000);
    await clock.advance(1000);
    assert.match((await run).message, 'another operation is running (prepare, process');
  } finally {
    await lock.release();
  }
});

/** As on a full disk. */
function fillJournal(): void {
  mkdirSync(dirname(journalPath('alpha')), { recursive: true });
  symlinkSync('/dev/full', journalPath('alpha'));
}

test('without a journal it does not start, and changes nothing', async () => {
  const world = new Set<string>();
  fillJournal();
  const error = await failureOf(runOperation(operationOf([flagStep(world, 'a')])));
  assert.equal([error.code, [...world]], ['JOURNAL_UNWRITTEN', []]);
  assert.match(error.hint, /df -h \S+\/journal$/);
});

test('without a journal it goes on where the service is down, tells it once, and rolls back all', async () => {
  for (const urgency of [{ urgent: true }, { onlyForward: true }]) {
    const world = new Set<string>();
    fillJournal();
    const told: RunEvent[] = [];
    const steps = [flagStep(world, 'a'), flagStep(world, 'b', { run: broken })];
    const onEvent = (event: RunEvent) => void told.push(event);
    const error = await failureOf(runOperation({ ...operationOf(steps), ...urgency }, { onEvent }));
    assert.match(error.message, 'disk on fire');
    assert.equal([...world], 'urgent' in urgency ? [] : ['a']);
    assert.is(told.filter(({ type }) => type === 'journal-unwritten').length, 1);
    rmSync(journalPath('alpha'));
  }
});

test('a failure tells of every step: what was rolled back, what failed, what was not begun', async () => {
  const world = new Set<string>();
  const steps = [flagStep(world, 'a'), flagStep(world, 'b', { run: broken }), flagStep(world, 'c')];
  const error = (await failureOf(runOperation(operationOf(steps)))) as OperationFailed;
  assert.instance(error, OperationFailed);
  assert.equal([error.report.operation, error.report.host], ['failover', 'alpha']);
  assert.equal(
    error.report.steps.map(({ name, status }) => [name, status]),
    [
      ['a', 'undone'],
      ['b', 'failed'],
      ['c', 'pending'],
    ],
  );
});

test('what a step refuses stays refused, with the steps before it', async () => {
  const world = new Set<string>();
  const refuse = async () => {
    throw new SpareError('refused', 'NO_EVIDENCE', 'Not proven', { hint: 'look' });
  };
  const steps = [flagStep(world, 'a', { pointOfNoReturn: true }), flagStep(world, 'b', { run: refuse })];
  const error = (await failureOf(runOperation(operationOf(steps)))) as OperationFailed;
  assert.equal([error.kind, error.code, error.message, error.hint], ['refused', 'NO_EVIDENCE', 'Not proven', 'look']);
  assert.equal(
    error.report.steps.map(({ status }) => status),
    ['done', 'failed'],
  );
});

test.run();

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { operationView } from '../../src/cli/operation-view.ts';
import { login } from '../../src/mirror/initiator.ts';
import { planInit } from '../../src/operations/init/init.ts';
import { systemClock } from '../../src/std/clock.ts';
import type { Step } from '../../src/steps/step.ts';
import { hostFixture, standbyFixture } from '../fixtures/configuration.ts';
import { RecordingMachine } from './recording-machine.ts';
import { TakeoverWorld } from './takeover-world.ts';

const test = suite('waiting is shown');

test('a login says what it waits for, before it waits', async () => {
  const told: string[] = [];
  const machine = new RecordingMachine('alpha', (argv) => {
    told.push(`(${argv[0]})`);
    return { exitCode: 0, stdout: '', stderr: '' };
  });
  await login(machine, hostFixture, standbyFixture, ({ detail }) => told.push(detail));
  assert.equal(told, ['waiting for alpha to log in', '(iscsiadm)', 'waiting for the disk of LUN 1', '(sh)']);
});

test('the start of the target says what it waits for, and a view shows it', async () => {
  const world = new TakeoverWorld();
  await world.begin();
  const lines: string[] = [];
  const { log } = console;
  console.log = (line: string) => lines.push(line);
  try {
    const operation = planInit(world.standby, new RecordingMachine('standby'), {
      clock: systemClock,
      assertWatchLooked: async () => {},
    });
    const view = operationView(operation, { silent: false });
    const step = operation.steps.find(({ name }) => name === 'start-target') as Step;
    await step.run((progress) => view.onEvent({ type: 'progress', step, progress }));
  } finally {
    console.log = log;
    await world.end();
  }
  assert.equal(lines, ["  standby: waiting for the target's control socket"]);
});

test.run();

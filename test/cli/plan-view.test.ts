import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { planOf, planText } from '../../src/cli/plan-view.ts';
import type { Machine } from '../../src/machine/machine.ts';
import type { Step } from '../../src/steps/step.ts';

const test = suite('plan view');

test('shows every step with its machine and its command lines, and runs none', () => {
  const run = async () => {
    throw new Error('A plan must not run');
  };
  const step = (name: string, machine: string, title: string, commandLines: string[]): Step => ({
    name,
    title,
    machine: { name: machine } as Machine,
    commandLines,
    run,
  });
  const plan = planOf({
    name: 'failover',
    host: 'alpha',
    steps: [
      step('fence', 'standby', 'Fence the LUN of alpha', ['(ask the daemon)']),
      step('mount', 'alpha', 'Mount the volume', ['mount /dev/md/alpha /srv/alpha', 'ls /srv/alpha']),
    ],
  });
  assert.is(
    planText(plan),
    [
      'Plan for failover of alpha. Nothing was changed.',
      ' 1. standby  Fence the LUN of alpha',
      '               (ask the daemon)',
      ' 2. alpha    Mount the volume',
      '               mount /dev/md/alpha /srv/alpha',
      '               ls /srv/alpha',
    ].join('\n'),
  );
});

test.run();

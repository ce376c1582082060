import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Fault } from './fault.ts';
import { observationTable } from './table.ts';

const fault: Fault = {
  name: 'power',
  title: 'Alpha loses power',
  expected: { state: 'taken-over', owner: 'standby', server: 'standby' },
  strike: () => Promise.resolve({}),
};

function rows(seen: Parameters<typeof observationTable>[1]): string[] {
  return observationTable([fault], seen).split('\n').slice(2);
}

test('a row tells what was seen', () => {
  const seen = {
    ...fault.expected,
    outage_s: 14.26,
    note: 'Beta serves on',
    command: 'spare failback alpha',
    acknowledged: 200,
    lost: 0,
    wayBack: '`spare failback alpha`',
  };
  assert.equal(rows(new Map([['power', seen]])), [
    '| Alpha loses power. Beta serves on | taken-over | standby | standby | 14.3 s | 200 / 0 | `spare failback alpha` | `spare failback alpha` |',
  ]);
});

test('what is not as expected stands out, and what is not known is not shown as good', () => {
  const seen = { state: 'suspect', owner: 'primary', server: 'nobody' } as const;
  const [row] = rows(new Map([['power', seen]]));
  assert.match(
    row ?? '',
    '**suspect** (expected taken-over) | **primary** (expected standby) | **nobody** (expected standby)',
  );
  assert.match(row ?? '', 'not known | ');
});

test('a row that was not run is not in the table', () => {
  assert.equal(rows(new Map()), []);
});

test.run();

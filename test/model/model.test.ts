import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MUTATIONS, type Mutation, searchOf } from './mutations.ts';
import { installSpin, parseSearch, search } from './spin.ts';

const test = suite('model');
const TIMEOUT_s = 600;

test.before(() => installSpin());

test('no state is wrong where nobody overrides anything', async () => {
  const { complete, states, error } = await search({
    defines: ['VOLUMES=1', 'NO_OVERRIDES', 'NO_FAILBACK'],
    order: 'exhaustive',
    timeout_s: TIMEOUT_s,
  });
  assert.is(error, undefined);
  assert.ok(complete);
  assert.ok(states > 10_000);
});

// They are found within the first thousands of states.
for (const name of ['ERROR_IS_NOT_RECORDED', 'HEARD_BEFORE_THE_BOOT_COUNTS', 'SERVES_WHAT_MD_MADE']) {
  test(`the model needs its rules: ${name}`, async () => {
    const mutation = MUTATIONS.find((each) => each.name === name) as Mutation;
    const { error } = await search({ ...searchOf(mutation), timeout_s: TIMEOUT_s });
    assert.is(error, 'assertion violated noFalseGreen');
  });
}

test('a search that was ended is not complete', () => {
  assert.equal(parseSearch(''), { complete: false, states: 0 });
  assert.equal(parseSearch('Warning: Search not completed\n     1234 states, stored\n'), {
    complete: false,
    states: 1234,
  });
});

test.run();

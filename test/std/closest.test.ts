import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { closest } from '../../src/std/closest.ts';

const test = suite('closest');
const WORDS = ['enroll', 'failback', 'failover', 'init', 'pause', 'status', 'watch'];

test('finds the word that was mistyped', () => {
  for (const [typed, meant] of [
    ['stauts', 'status'],
    ['Status', 'status'],
    ['enrol', 'enroll'],
    ['failovr', 'failover'],
    ['fail-back', 'failback'],
    ['wacth', 'watch'],
    ['status', 'status'],
  ] as const) {
    assert.is(closest(typed, WORDS), meant, typed);
  }
});

test('suggests nothing where nothing is near', () => {
  for (const typed of ['xyzzy', 'nonsense', '', 'a-very-long-word-that-is-none'])
    assert.is(closest(typed, WORDS), undefined, typed);
  assert.is(closest('status', []), undefined);
});

test.run();

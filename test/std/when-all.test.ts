import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { whenAll } from '../../src/std/when-all.ts';

const test = suite('whenAll');

test('calls back once, when the last is done, in whatever order they end', () => {
  const ends: (() => void)[] = [];
  let calls = 0;
  whenAll(
    ['late', 'at once', 'later'],
    (item, done) => {
      if (item === 'at once') done();
      else ends.push(done);
    },
    () => {
      calls += 1;
    },
  );
  assert.is(ends.length, 2);
  ends[1]?.();
  assert.is(calls, 0);
  ends[0]?.();
  assert.is(calls, 1);
});

test('with nothing to wait for it calls back at once', () => {
  let called = false;
  whenAll(
    [],
    () => assert.unreachable('there is no item'),
    () => {
      called = true;
    },
  );
  assert.ok(called);
});

test.run();

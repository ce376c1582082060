import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { retryUntil } from '../../src/std/retry.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';

const retry = suite('retry');

retry('tries again after each pause, until it succeeds', async () => {
  const clock = new FakeClock();
  let tries = 0;
  const action = async () => {
    tries += 1;
    if (tries < 4) throw new Error('not yet');
    return 'done';
  };
  const result = retryUntil(action, { timeout_ms: 10_000, pause_ms: 500, clock });
  await clock.advance(1499);
  assert.is(tries, 3);
  await clock.advance(1);
  assert.is(await result, 'done');
});

retry('throws the last error when the time is over, without waiting for what would be too late', async () => {
  const clock = new FakeClock();
  let tries = 0;
  const action = async () => {
    tries += 1;
    throw new Error(`try ${tries}`);
  };
  const failed = retryUntil(action, { timeout_ms: 1000, pause_ms: 400, clock }).catch((error: Error) => error.message);
  await clock.advance(800);
  assert.is(await failed, 'try 3');
  assert.is(clock.waiting, 0);
});

retry.run();

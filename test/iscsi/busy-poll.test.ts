import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BusyPoll } from '../../src/iscsi/busy-poll.ts';
import { monotonic_ms } from '../../src/std/clock.ts';
import { until } from '../fixtures/eventually.ts';

const test = suite('busy poll');

test('a command that immediately follows an answer starts it, and it ends automatically', async () => {
  const poll = new BusyPoll();
  const now_ms = monotonic_ms();
  poll.received(now_ms, now_ms);
  assert.is(poll.isPolling, false, 'the first command has no answer before it');
  poll.received(now_ms + 0.1, now_ms + 0.1);
  assert.is(poll.isPolling, true);
  await until(() => !poll.isPolling, 'it does not end');
});

test('an answer that came late counts from when it was given', async () => {
  const poll = new BusyPoll();
  const now_ms = monotonic_ms();
  poll.received(now_ms - 50, now_ms - 50);
  poll.answered(now_ms - 1);
  poll.received(now_ms - 0.9, now_ms);
  assert.is(poll.isPolling, true);
  await until(() => !poll.isPolling, 'it does not end');
});

test('a slow load never starts it', () => {
  const poll = new BusyPoll();
  for (let at_ms = 1000; at_ms < 2000; at_ms += 10) {
    poll.received(at_ms, at_ms + 0.05);
    poll.answered(at_ms + 1);
  }
  assert.is(poll.isPolling, false);
});

test.run();

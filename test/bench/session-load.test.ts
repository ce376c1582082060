import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { InitiatorSession, SessionEvents } from '../../bench/initiator/session.ts';
import { SessionLoad } from '../../bench/session-load.ts';
import { monotonic_ms } from '../../src/std/clock.ts';

const loads = suite('load of one session');

const OPTIONS = { depth: 2, operation_bytes: 4096, readShare: 0, flushEach: true, seed: 1 };

/** A session that records its requests; the test answers. */
function session(blockCount = 80) {
  const told: string[] = [];
  const fake = {
    block_bytes: 512,
    blockCount,
    startLoad(_: SessionEvents) {},
    send: () => told.push('send'),
    read: (slot: number, lba: number, blocks: number) => told.push(`read ${slot} ${lba % blocks} ${blocks}`),
    write: (slot: number, lba: number, blocks: number) => told.push(`write ${slot} ${lba % blocks} ${blocks}`),
    flush: (slot: number) => told.push(`flush ${slot}`),
    abandon: () => told.push('abandon'),
  };
  return { told, fake: fake as unknown as InitiatorSession };
}

loads('a write counts when its flush is done, and another one follows', async () => {
  const { told, fake } = session();
  const load = new SessionLoad(fake, OPTIONS);
  const run = load.run(monotonic_ms() + 60_000, 1_000);
  assert.equal(told.splice(0), ['write 0 0 8', 'write 1 0 8', 'send']);
  load.onTurn();
  load.onDone(1);
  assert.equal(told.splice(0), ['flush 1']);
  assert.is(load.histogram.count, 0);
  load.onDone(1);
  assert.equal(told.splice(0), ['write 1 0 8']);
  assert.is(load.histogram.count, 1);
  load.onError(new Error('the target is gone'));
  await run;
  assert.equal(told, ['abandon']);
  assert.is(load.unfinished, 2, 'the outstanding operations');
  assert.is(load.histogram.count, 3, 'counts with its age');
  assert.match(String(load.error), /the target is gone/);
});

loads('after the end nothing is started, and a target that does not answer is abandoned', async () => {
  const { told, fake } = session();
  const load = new SessionLoad(fake, { ...OPTIONS, readShare: 1 });
  const end_ms = monotonic_ms() + 100;
  const run = load.run(end_ms, 0);
  assert.equal(told.splice(0), ['read 0 0 8', 'read 1 0 8', 'send']);
  // No timer fires meanwhile, so this answer is in time however busy the machine is.
  while (monotonic_ms() < end_ms);
  load.onTurn();
  load.onDone(0);
  await run;
  assert.equal(told, ['abandon']);
  assert.is(load.unfinished, 1);
  assert.is(load.error, null);
});

loads.run();

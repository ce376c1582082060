/** A client holds a lock over the takeover, goes on writing under it, and nobody else gets it. */
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { ClientWorkload } from '../client-workload.ts';
import { scenario } from './scenario.ts';

/** Longer than the grace period after the takeover. */
const AFTER_TAKEOVER_MS = 15_000;

/** The kernel gives it a second, and else starts the NFS server without records. */
const SLOW_NFSDCLD = [
  'program=$(command -v nfsdcld)',
  'mv "$program" "$program.real"',
  'printf "#!/bin/sh\\nsleep 4\\nexec %s.real \\"\\$@\\"\\n" "$program" >"$program"',
  'chmod 755 "$program"',
].join('; ');

export default scenario('lock', (job, step) => {
  // Another machine, since on one machine the client itself would refuse.
  const other = new ClientWorkload(job.lab.machine('beta'));

  step('the client takes a lock that another machine then cannot get', async () => {
    await job.client.startLockHolder('alpha');
    await other.mount('alpha');
    while ((await job.client.lockLog('alpha')).acknowledgements.length === 0) await sleep(200);
    assert.is(await other.lockIsFree('alpha'), false);
  });

  step('alpha is taken over, and the daemon of the client records is slow to start on the standby', async () => {
    await job.lab.machine('standby').shell.run(SLOW_NFSDCLD);
    await job.loseAndTakeOver('alpha');
    await sleep(AFTER_TAKEOVER_MS);
  });

  step('the client still writes under its lock', async () => {
    const before = await job.client.lockLog('alpha');
    await sleep(2_000);
    const after = await job.client.lockLog('alpha');
    assert.equal(after.errors, []);
    assert.ok(after.acknowledgements.length > before.acknowledgements.length, 'It has stopped writing');
  });

  step('another machine still cannot get it, and can when it is let go', async () => {
    assert.is(await other.lockIsFree('alpha'), false);
    await job.client.stopLockHolder('alpha');
    assert.is(await other.lockIsFree('alpha'), true);
  });
});

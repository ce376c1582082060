/** The target's daemon is restarted, in order and by SIGKILL, while both primaries write: mirrors survive, or come back by themselves with a small copy. */
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { PRIMARY_NAMES } from '../settings.ts';
import { scenario } from './scenario.ts';

const SETTLE_MS = 30_000;
const BACK_MS = 120_000;

export default scenario('target-restart', (job, step) => {
  const restart = async (command: string) => {
    await sleep(5_000);
    await job.lab.machine('standby').shell.run(command, { timeout_ms: 120_000 });
    await sleep(SETTLE_MS);
    for (const host of PRIMARY_NAMES) {
      await job.standby.waitForState(host, 'protected', BACK_MS);
      await job.waitForAcknowledgement(host);
    }
  };

  step('the daemon is restarted', () => restart('systemctl restart spare-serve'));

  step('the daemon is killed, and systemd starts it again', () => restart('systemctl kill --signal=KILL spare-serve'));

  step('no acknowledged record is lost, and no client saw an error', async () => {
    const { alpha, beta } = await job.settle();
    for (const account of [alpha, beta]) {
      assert.equal(account.errors, []);
      assert.equal(account.lost, []);
    }
  });

  step('both legs of alpha are equal, byte for byte', async () => {
    const legs = await job.compareLegs('alpha');
    assert.equal(legs.differingChunks, []);
  });
});

/**
 * The target's daemon is restarted, in order and by SIGKILL, while both primaries write: mirrors survive, or come back by themselves with a
 * small copy. Then settings of a host are changed, and no client is interrupted.
 */
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

  step('clients and the replacement timeout of alpha are changed while it is written to', async () => {
    const shellOf = (machine: 'standby' | 'alpha') => job.lab.machine(machine).shell;
    await job.standby.spare(['set', 'alpha', '--clients', '10.77.0.0/16', '--replacement-timeout', '15']);
    const { stdout } = await shellOf('alpha').run(
      '/usr/local/lib/spare/service exec alpha exportfs -s; cat /sys/class/iscsi_session/*/recovery_tmo',
    );
    assert.match(stdout, /^\/srv\/alpha\s+10\.77\.0\.0\/16\([^\n]*\n15\n$/);
    await job.waitForAcknowledgement('alpha');
    const refused = await shellOf('standby').run('spare set alpha --clients 10.0.0.0/99 --json', {
      acceptFailure: true,
    });
    assert.match(refused.stdout, 'BAD_CLIENTS');
  });

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

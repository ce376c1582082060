/**
 * The standby restarts, and both hosts are prepared on it at once. A takeover right after that serves the volume, not the directory
 * that it is mounted over; and after another restart the standby serves the host again by itself.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { PRIMARY_NAMES } from '../settings.ts';
import { scenario } from './scenario.ts';

const LOAD_MS = 5_000;
const BACK_MS = 480_000;
const RESTART_LIMIT_MS = 600_000;

export default scenario('standby-restart', (job, step) => {
  const standby = job.lab.machine('standby');
  const service = '/usr/local/lib/spare/service';

  const restart = async (): Promise<void> => {
    await sleep(LOAD_MS);
    await standby.kill();
    await job.lab.up(['standby']);
  };

  /** What the two network namespaces share, and what each host lacks. */
  const assertReady = async (): Promise<void> => {
    for (const deadline = Date.now() + BACK_MS; Date.now() < deadline; await sleep(1000)) {
      const { hosts } = await job.standby.status();
      if (hosts.every(({ lacks }) => lacks?.length === 0)) return;
    }
    const { stdout } = await standby.shell.run(`for host in alpha beta; do ${service} ready $host; done`);
    throw new Error(`The standby does not get ready: ${stdout}`);
  };

  step(
    'the standby restarts, and gets ready for both hosts at once',
    async () => {
      await restart();
      const returned_s = await job.standby.now_s();
      await assertReady();
      for (const host of PRIMARY_NAMES) await job.standby.waitForProof(host, returned_s, BACK_MS);
      for (const host of PRIMARY_NAMES) await job.standby.waitForState(host, 'protected', BACK_MS);
      const { stdout } = await standby.shell.run('journalctl --no-pager -b -o cat -u spare-watch');
      assert.not.match(stdout, 'prepare-failed');
    },
    RESTART_LIMIT_MS,
  );

  step('alpha loses its power, and the volume is served', async () => {
    const takeover = await job.loseAndTakeOver('alpha');
    console.log(`# ${JSON.stringify(takeover)}`);
    const { stdout } = await standby.shell.run(
      `${service} exec alpha sh -c 'mountpoint -d /srv/alpha; cat /sys/block/md*/dev'; ${service} ready alpha`,
    );
    const [mounted, array, ...lacks] = stdout.trim().split('\n');
    assert.is(mounted, array);
    assert.equal(lacks, []);
  });

  step(
    'the standby restarts while alpha is taken over, and serves it again by itself',
    async () => {
      await restart();
      await job.waitForAcknowledgement('alpha');
      const { stdout } = await standby.shell.run('journalctl --no-pager -b -o cat -u spare-watch');
      assert.match(stdout, 'restore-done');
      assert.not.match(stdout, 'HOST_BUSY');
    },
    RESTART_LIMIT_MS,
  );

  step('alpha comes home', async () => {
    await job.standby.waitForState('beta', 'protected', BACK_MS);
    await job.powerOn('alpha');
    await job.failBack('alpha');
  });

  step('no acknowledged record is lost, and no client saw an error', async () => {
    const accounts = await job.settle();
    for (const host of PRIMARY_NAMES) assert.equal([accounts[host].errors, accounts[host].lost], [[], []]);
  });
});

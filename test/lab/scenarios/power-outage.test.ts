/**
 * The whole site loses its power: the standby and a primary at once. The primary waits for its LUN before it assembles anything, and
 * the standby waits for the primary before it serves the LUN: nobody types anything, and both come out of it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import type { EventName } from '../../../src/std/event-table.ts';
import { PRIMARY_NAMES, type PrimaryName } from '../settings.ts';
import { scenario } from './scenario.ts';

const LOAD_MS = 8_000;
const BACK_MS = 240_000;
const POLL_MS = 1_000;

export default scenario('power-outage', (job, step) => {
  const { shell } = job.lab.machine('standby');

  /** Waits until the host's mirror has been seen whole after a moment of the standby's clock. */
  const waitForProof = async (host: PrimaryName, from_s: number): Promise<void> => {
    let seen_s = Number.NaN;
    for (const deadline = Date.now() + BACK_MS; Date.now() < deadline; await sleep(POLL_MS)) {
      seen_s = await job.standby.lastProof_s(host);
      if (seen_s > from_s) return;
    }
    const { stdout } = await shell.run('journalctl --no-pager -b -n 40 -u spare-watch -u spare-serve');
    throw new Error(`Cannot wait any longer for a proof of ${host}: the last one is of ${seen_s}\n${stdout}`);
  };

  step('the standby and alpha lose their power in the same moment', async () => {
    await sleep(LOAD_MS);
    for (const host of PRIMARY_NAMES) await job.waitForAcknowledgement(host);
    await Promise.all((['standby', 'alpha'] as const).map((name) => job.lab.machine(name).kill()));
  });

  step('they have it back: alpha serves by itself, and both are mirrored again', async () => {
    await job.lab.up(['standby', 'alpha']);
    const returned_s = await job.standby.now_s();
    for (const host of PRIMARY_NAMES) await waitForProof(host, returned_s);
    for (const host of PRIMARY_NAMES) {
      await job.standby.waitForState(host, 'protected', BACK_MS);
      await job.waitForAcknowledgement(host);
    }
  });

  step('what the standby had lost was made good, and nothing was taken over', async () => {
    const { stdout } = await shell.run('journalctl --no-pager -b -o cat -u spare-watch -u spare-serve');
    for (const host of PRIMARY_NAMES) {
      assert.match(stdout, eventOfHost('unclean', host));
      for (const event of ['resync-lost-writes-done', 'remirror-done'] as const)
        assert.match(stdout, eventOfHost(event, host));
    }
    assert.not.match(stdout, 'failover-done');
  });

  step('no acknowledged record is lost, and no client saw an error', async () => {
    const accounts = await job.settle();
    for (const host of PRIMARY_NAMES) {
      assert.equal(accounts[host].errors, []);
      assert.equal(accounts[host].lost, []);
    }
  });

  step('both legs of alpha are equal, byte for byte', async () => {
    const legs = await job.compareLegs('alpha');
    assert.equal(legs.differingChunks, []);
    assert.ok(legs.compared_bytes > 200 * 2 ** 20, `Only ${legs.compared_bytes} bytes were compared`);
  });
});

/** The line of an event in the journal of systemd. */
function eventOfHost(event: EventName, host: PrimaryName): RegExp {
  return new RegExp(`"event":"${event}",.*"host":"${host}"`);
}

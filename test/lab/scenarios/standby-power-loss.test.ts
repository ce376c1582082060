/**
 * The standby loses its power while both primaries write, and has it back as fast as it can boot, and later than the lease. No client
 * may notice more than a pause; the watch makes both mirrors whole again by itself; and at the end all legs are compared from outside.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { PRIMARY_NAMES } from '../settings.ts';
import { scenario } from './scenario.ts';

const LOAD_MS = 8_000;
/** The initiator's replacement_timeout: so long a primary must not acknowledge anything that the standby does not have. */
const LEASE_S = 12;
/** The lease begins when the silence has been noticed, after 4 s; the primaries then write alone for a while. */
const AWAY_MS = 30_000;
/** It boots beside primaries that write as fast as they can, on the same processors in emulation. */
const BACK_MS = 480_000;
const RETURN_LIMIT_MS = 600_000;
/** So long may `spare status` call a host protected after it has been seen whole. */
const PROOF_VALID_MS = 5_000;

export default scenario('standby-power-loss', (job, step) => {
  const standby = job.lab.machine('standby');

  const loseUnderLoad = async (): Promise<number> => {
    await sleep(LOAD_MS);
    for (const host of PRIMARY_NAMES) await job.waitForAcknowledgement(host);
    await standby.kill();
    return job.client.now_s();
  };

  /**
   * Powers the standby on and waits until each mirror has been seen whole since. Meanwhile it is asked over and over: a host that lacks
   * a leg before and after the question must not be called protected.
   */
  const returnAndMirror = async (): Promise<void> => {
    await job.lab.up(['standby']);
    const returned_s = await job.standby.now_s();
    const back = Promise.all(PRIMARY_NAMES.map((host) => job.standby.waitForProof(host, returned_s, BACK_MS)));
    let isBack = false;
    const waited = back.finally(() => {
      isBack = true;
    });
    // Awaited below, unless what is asked meanwhile fails first.
    waited.catch(() => {});
    const asked = { times: 0, degraded: 0 };
    while (!isBack) {
      const before = await missingLegs();
      await sleep(PROOF_VALID_MS);
      const { hosts, attention } = await job.standby.status();
      const after = await missingLegs();
      asked.times += 1;
      for (const [index, name] of PRIMARY_NAMES.entries()) {
        if (before[index] === 0 || after[index] === 0) continue;
        asked.degraded += 1;
        const shown = hosts.find(({ host }) => host === name);
        assert.is.not(shown?.state, 'protected', `${name} lacks a leg: ${JSON.stringify(shown)}`);
        assert.ok(attention, 'The exit code says that all is well');
      }
    }
    await waited;
    console.log(`# asked ${asked.times} times, ${asked.degraded} answers were about a host that lacked a leg`);
    for (const host of PRIMARY_NAMES) {
      await job.waitForAcknowledgement(host);
    }
    assert.equal(await takeovers(), takeoversBefore);
    assert.equal(await missingLegs(), [0, 0]);
  };

  const takeovers = (): Promise<number[]> =>
    Promise.all(PRIMARY_NAMES.map((host) => job.standby.runs(host, 'failover')));
  let takeoversBefore: number[] = [];

  const missingLegs = (): Promise<number[]> => Promise.all(PRIMARY_NAMES.map((host) => job.missingLegs(host)));

  step('large writes go on beside the records', async () => {
    takeoversBefore = await takeovers();
    for (const host of PRIMARY_NAMES) await job.client.startBulkWriter(host);
  });

  const loseAndReturn = async (): Promise<void> => {
    await loseUnderLoad();
    await returnAndMirror();
  };
  step('the standby loses its power, and has it back at once', loseAndReturn, RETURN_LIMIT_MS);

  step('the standby loses its power, and the primaries go on alone when the lease is over', async () => {
    const lost_s = await loseUnderLoad();
    await sleep(AWAY_MS);
    assert.equal(await missingLegs(), [1, 1]);
    for (const host of PRIMARY_NAMES) {
      await job.waitForAcknowledgement(host);
      const { acknowledgements } = await job.client.writerLog(host);
      const early = acknowledgements.filter(
        ({ begun_s, acknowledged_s }) => begun_s > lost_s && acknowledged_s < lost_s + LEASE_S,
      );
      assert.equal(early, [], `${host} has acknowledged what only its own disk has`);
    }
  });

  step('the standby has its power back, and both are protected again', returnAndMirror, RETURN_LIMIT_MS);

  step('no acknowledged record is lost, and no client saw an error', async () => {
    for (const host of PRIMARY_NAMES) assert.is(await job.client.stopBulkWriter(host), '');
    const accounts = await job.settle();
    for (const host of PRIMARY_NAMES) {
      const { errors, lost, acknowledgements } = accounts[host];
      assert.equal(errors, []);
      assert.equal(lost, []);
      assert.ok(acknowledgements.length > 200, `Only ${acknowledgements.length} records of ${host} were written`);
    }
  });

  step('both legs of both hosts are equal, byte for byte', async () => {
    for (const host of PRIMARY_NAMES) {
      const legs = await job.compareLegs(host);
      assert.equal(legs.differingChunks, [], host);
      assert.ok(legs.compared_bytes > 200 * 2 ** 20, `Only ${legs.compared_bytes} bytes were compared`);
    }
  });
});

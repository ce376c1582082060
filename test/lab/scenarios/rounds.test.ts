/**
 * Takeover and failback again and again, each time with a client that has mounted seconds before: what it said last to the primary may be in nobody's
 * records yet. By hand, more often, or again with the seed that was printed:
 *
 *     ROUNDS=20 ROUNDS_SEED=42 node test/lab/scenarios/rounds.test.ts
 */
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { Random } from '../../fixtures/iscsi/random.ts';
import { scenario } from './scenario.ts';

const ROUNDS = Number(process.env.ROUNDS ?? 2);
const SEED = Number(process.env.ROUNDS_SEED ?? Date.now() % 1_000_000);
/** The power is lost so long after the client has mounted, at most. */
const LATEST_LOSS_MS = 5_000;
/** Under emulation takeovers take three times as long as elsewhere; a client that waits for a time-out of its own waits longer than this. */
const OUTAGE_LIMIT_S = 45;
const ROUND_LIMIT_MS = 600_000;

export default scenario('rounds', (job, step) => {
  console.log(`# ROUNDS_SEED=${SEED}`);
  const random = new Random(SEED);

  for (let round = 1; round <= ROUNDS; round += 1) {
    step(
      `round ${round}: a client mounts, alpha loses its power, is taken over, and comes home`,
      async () => {
        await job.client.stopWriter('alpha');
        await job.client.unmount('alpha');
        await job.client.mount('alpha');
        await job.client.startWriter('alpha');
        const loss_ms = random.below(LATEST_LOSS_MS);
        await sleep(loss_ms);
        const takeover = await job.loseAndTakeOver('alpha');
        await job.powerOn('alpha');
        const failback = await job.failBack('alpha');
        console.log(`# ${JSON.stringify({ round, loss_ms, takeover, failback })}`);
        for (const { outage_s } of [takeover, failback]) {
          assert.ok(outage_s < OUTAGE_LIMIT_S, `The client of alpha had no acknowledgement for ${outage_s} s`);
        }
      },
      ROUND_LIMIT_MS,
    );
  }

  step('no acknowledged record is lost, and both legs are equal, byte for byte', async () => {
    const { alpha, beta } = await job.settle();
    assert.equal([alpha.errors, alpha.lost, beta.errors, beta.lost], [[], [], [], []]);
    const legs = await job.compareLegs('alpha');
    assert.equal(legs.differingChunks, []);
  });
});

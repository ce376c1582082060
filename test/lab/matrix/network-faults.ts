import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import type { Fault } from './fault.ts';
import type { FaultBench } from './fault-bench.ts';

/** Twice the lease of 12 s. */
const LONGER_THAN_LEASE_MS = 24_000;

const TAKEN_OVER = { state: 'taken-over', owner: 'standby', server: 'standby' } as const;

/** Alpha has records that the standby hasn't: neither the watch nor a person may serve without them. */
export async function assertRefused(bench: FaultBench): Promise<string> {
  await bench.onStandby('spare resume alpha');
  const { code, message } = await bench.refusal(['failover', 'alpha']);
  console.log(`# ${code}: ${message}`);
  assert.is(code, 'LEG_NOT_PROVEN');
  return `\`spare failover alpha\` is refused (${code})`;
}

/** Cables that are cut between some machines, in one direction, or for good. */
export const NETWORK_FAULTS: readonly Fault[] = [
  {
    name: 'alone-then-dead',
    title:
      'Alpha, paused, is cut off from the standby only and continues alone for longer than the lease; then it loses power, and the pause ends',
    expected: { state: 'suspect', owner: 'primary', server: 'nobody' },
    async strike(bench) {
      const { job } = bench;
      await bench.onStandby('spare pause alpha --for 30m');
      await job.lab.network.drop('alpha', 'standby');
      await sleep(LONGER_THAN_LEASE_MS);
      await job.waitForAcknowledgement('alpha');
      await job.lab.machine('alpha').kill();
      return { note: await assertRefused(bench) };
    },
  },
  {
    name: 'alpha-mute',
    title: "Alpha's packets do not reach the standby; those of the standby reach alpha, and alpha serves its client",
    expected: TAKEN_OVER,
    async strike(bench) {
      const mute = () => bench.job.lab.network.mute('alpha', 'standby');
      return { outage_s: await bench.outageUntilTakenOver(['alpha'], mute) };
    },
  },
  {
    name: 'standby-mute',
    title: "The standby's packets do not reach alpha; alpha's reach the standby, and alpha serves its client",
    expected: TAKEN_OVER,
    async strike(bench) {
      const mute = () => bench.job.lab.network.mute('standby', 'alpha');
      return { outage_s: await bench.outageUntilTakenOver(['alpha'], mute) };
    },
  },
  {
    name: 'standby-isolated',
    title: "The standby's link carries nothing for longer than the lease, and comes back",
    expected: { state: 'protected', owner: 'pair', server: 'primary' },
    async strike(bench) {
      const { job } = bench;
      const from_s = await job.client.now_s();
      await job.lab.network.silence('standby');
      await sleep(LONGER_THAN_LEASE_MS);
      const outage_s = await bench.outageSince('alpha', from_s);
      await job.lab.network.heal('standby');
      await bench.bringHome();
      assert.is(await job.standby.runs('alpha', 'failover'), 0);
      return { outage_s, note: 'Nothing is taken over' };
    },
  },
];

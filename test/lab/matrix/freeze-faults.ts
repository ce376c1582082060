import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from './fault.ts';
import { seenText } from './observation.ts';

/** How long before the end it is looked at; that takes some seconds where nobody serves. */
const LOOK_MS = 8_000;

/** A machine that stands still and cannot be switched off: when it wakes up, it must be the only one that serves. */
export const FREEZE_FAULTS: readonly Fault[] = [20, 60].map((duration_s) => ({
  name: `frozen-${duration_s}`,
  title: `Alpha stands still for ${duration_s} s; the fence command fails`,
  expected: { state: 'protected', owner: 'pair', server: 'primary' },
  async strike(bench) {
    const { job } = bench;
    await bench.breakFence();
    const from_s = await job.client.now_s();
    job.lab.machine('alpha').freeze();
    const ends = performance.now() + duration_s * 1000;
    await sleep(duration_s * 1000 - LOOK_MS);
    const { seen } = await bench.see('alpha');
    await sleep(Math.max(0, ends - performance.now()));
    const thawed_s = await job.client.now_s();
    job.lab.machine('alpha').thaw();
    const outage_s = await bench.outageSince('alpha', from_s);
    const after_s = (await job.client.now_s()) - thawed_s;
    await bench.mendFence();
    await bench.bringHome();
    const frozen = `Before it is thawed: ${seenText(seen)}`;
    return {
      outage_s,
      note: `${frozen}. The first new record is acknowledged within ${after_s.toFixed(1)} s of the thaw`,
    };
  },
  repair: (bench) => bench.mendFence(),
}));

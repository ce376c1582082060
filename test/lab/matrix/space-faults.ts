import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from './fault.ts';

const DISKS = [
  { name: 'full-root', directory: '/', called: '`/` of the standby' },
  { name: 'full-pool', directory: '/var/lib/spare/pool', called: "The pool's file system" },
  { name: 'full-run', directory: '/run', called: '`/run` of the standby' },
] as const;
/** Several rounds of the watch without any room. */
const ROUNDS_MS = 5_000;

/** No room must not keep the standby from taking over. */
export const SPACE_FAULTS: readonly Fault[] = DISKS.map(({ name, directory, called }) => ({
  name,
  title: `${called} is full; alpha loses power`,
  expected: { state: 'taken-over', owner: 'standby', server: 'standby' },
  async strike(bench) {
    await bench.fill(directory);
    await sleep(ROUNDS_MS);
    const outage_s = await bench.outageUntilTakenOver(['alpha'], () => bench.job.lab.machine('alpha').kill());
    const { problems } = await bench.job.standby.status();
    return { outage_s, note: `Status: "${problems.map(({ sentence }) => sentence).join('; ')}"` };
  },
  repair: (bench) => bench.empty(directory),
}));

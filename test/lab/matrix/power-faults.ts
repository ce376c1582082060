import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from './fault.ts';
import { assertRefused } from './network-faults.ts';
import { seenText } from './observation.ts';

const TAKEN_OVER = { state: 'taken-over', owner: 'standby', server: 'standby' } as const;
/** The probes of a dead machine hang by then. */
const PROBES_HANG_MS = 4_000;
/** Orderly, a machine writes to its disks as it stops. */
const ORDERLY_LIMIT_MS = 120_000;
const FAIL_STANDBY_LEG =
  'for leg in /sys/block/md*/slaves/sd*; do array=/dev/$(basename $(dirname $(dirname $leg))); mdadm $array --fail /dev/$(basename $leg); done';

/** What else may be going on when a primary loses power, or is switched off in an orderly way. */
export const POWER_FAULTS: readonly Fault[] = [
  ...[0, PROBES_HANG_MS].map(
    (delay_ms): Fault => ({
      name: `watch-restarted-${delay_ms / 1000}`,
      title: `Alpha loses power; \`systemctl restart spare-watch\` ${delay_ms === 0 ? 'at the same moment' : `${delay_ms / 1000} s later`}`,
      expected: TAKEN_OVER,
      async strike(bench) {
        let restart_s = 0;
        const outage_s = await bench.outageUntilTakenOver(['alpha'], async () => {
          await bench.job.lab.machine('alpha').kill();
          await sleep(delay_ms);
          const started = performance.now();
          await bench.onStandby('systemctl restart spare-watch');
          restart_s = (performance.now() - started) / 1000;
        });
        return { outage_s, note: `The restart takes ${restart_s.toFixed(1)} s` };
      },
    }),
  ),
  {
    name: 'two-primaries',
    title: 'Alpha and beta lose power within a second',
    expected: TAKEN_OVER,
    async strike(bench) {
      const { lab } = bench.job;
      const strike = async () => {
        await Promise.all((['alpha', 'beta'] as const).map((name) => lab.machine(name).kill()));
      };
      const outage_s = await bench.outageUntilTakenOver(['alpha', 'beta'], strike);
      const { seen } = await bench.see('beta');
      return { outage_s, note: `Beta: ${seenText(seen)}` };
    },
  },
  {
    name: 'degraded-before',
    title:
      'Alpha, paused, has its standby leg failed by hand (`mdadm --fail`); then it loses power, and the pause ends',
    expected: { state: 'degraded', owner: 'primary', server: 'nobody' },
    async strike(bench) {
      const { job } = bench;
      await bench.onStandby('spare pause alpha --for 30m');
      await job.lab.machine('alpha').shell.run(FAIL_STANDBY_LEG);
      await bench.waitForState('alpha', 'degraded');
      await job.waitForAcknowledgement('alpha');
      await job.lab.machine('alpha').kill();
      return { note: await assertRefused(bench) };
    },
  },
  ...[true, false].map(
    (isPaused): Fault => ({
      name: isPaused ? 'reboot-paused' : 'reboot',
      title: `Alpha is shut down in an orderly way and started again, ${isPaused ? 'paused' : 'without a pause'}`,
      expected: { state: 'protected', owner: 'pair', server: 'primary' },
      async strike(bench) {
        const { job } = bench;
        const alpha = job.lab.machine('alpha');
        if (isPaused) await bench.onStandby('spare pause alpha --for 30m');
        const from_s = await job.client.now_s();
        await alpha.shell.run('systemctl --no-block poweroff');
        for (const deadline = Date.now() + ORDERLY_LIMIT_MS; alpha.pid !== undefined; await sleep(500))
          if (Date.now() > deadline) throw new Error('alpha does not stop');
        // Ends the shared connection to the machine that was.
        await alpha.kill();
        await job.powerOn('alpha');
        const outage_s = await bench.outageSince('alpha', from_s);
        if (isPaused) await bench.onStandby('spare resume alpha');
        const wayBack = await bench.bringHome();
        return { outage_s, note: `Back to protected: ${wayBack}` };
      },
    }),
  ),
];

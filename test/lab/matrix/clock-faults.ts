import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from './fault.ts';

const HOUR_S = 3600;
/** Several rounds of the watch by the wrong clock. */
const ROUNDS_MS = 5_000;

/** The clock that people read decides nothing. */
export const CLOCK_FAULTS: readonly Fault[] = [
  clockFault('clock-back', 'The clock of the standby is set back by an hour; alpha loses power', -HOUR_S),
  clockFault('clock-forward', 'The clock of the standby is set forward by an hour; alpha loses power', HOUR_S),
];

function clockFault(name: string, title: string, offset_s: number): Fault {
  return {
    name,
    title,
    expected: { state: 'taken-over', owner: 'standby', server: 'standby' },
    async strike(bench) {
      await bench.setStandbyClock(offset_s);
      await sleep(ROUNDS_MS);
      return { outage_s: await bench.outageUntilTakenOver(['alpha'], () => bench.job.lab.machine('alpha').kill()) };
    },
    repair: (bench) => bench.setStandbyClock(-offset_s),
  };
}

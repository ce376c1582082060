import type { Fault } from './fault.ts';
import { namedCommand } from './fault-bench.ts';
import { type Seen, seenText } from './observation.ts';

const HOME: Seen = { state: 'protected', owner: 'pair', server: 'primary' };

/** Each of these steps has begun when the command gets the signal. */
const STEPS: readonly (readonly [step: string, signal: 'SIGKILL' | 'SIGHUP', when: string])[] = [
  ['standby-unmount', 'SIGKILL', 'during the unmount on the standby'],
  ['gone-home', 'SIGKILL', 'after the leg has been detached'],
  ['assemble', 'SIGKILL', 'as alpha assembles its array'],
  ['return-local-leg', 'SIGKILL', 'after alpha serves, before its own disk is re-added'],
  ['standby-unmount', 'SIGHUP', 'during the unmount on the standby'],
  ['assemble', 'SIGHUP', 'as alpha assembles its array'],
];

/** `spare failback` is killed, or its terminal is closed; then the one command that status names is run. */
export const KILLED_FAILBACKS: readonly Fault[] = STEPS.map(([step, signal, when]) => ({
  name: `failback-${signal.toLowerCase()}-${step}`,
  title: `Alpha is taken over, and \`spare failback alpha\` gets ${signal} ${when}`,
  expected: HOME,
  async strike(bench) {
    const { job } = bench;
    await bench.outageUntilTakenOver(['alpha'], () => job.lab.machine('alpha').kill());
    await job.powerOn('alpha');
    await bench.signalAtStep('alpha', step, signal, 'spare failback alpha');
    const { seen, problems } = await bench.see('alpha');
    const named = namedCommand('alpha', problems);
    await bench.onStandby(named, 600_000);
    await job.waitForAcknowledgement('alpha');
    await bench.waitForState('alpha', 'protected');
    await bench.bringHome();
    return { note: `Then: ${seenText(seen)}; status names \`${named}\`, which works` };
  },
}));

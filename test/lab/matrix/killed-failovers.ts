import type { Fault } from './fault.ts';
import { namedCommand } from './fault-bench.ts';
import { type Seen, seenText } from './observation.ts';

const SERVED: Seen = { state: 'taken-over', owner: 'standby', server: 'standby' };

/** Each of these steps has begun when the command is killed. */
const STEPS: readonly (readonly [step: string, when: string])[] = [
  ['fence-machine', 'as the fence command runs'],
  ['take-over', 'after the LUN has been fenced'],
  ['attach', 'after the volume has been taken over'],
  ['mount', 'during the mount'],
  ['observe', 'when the address is up'],
];

/** `spare failover`, run by hand, is killed; then the one command that status names is run. */
export const KILLED_FAILOVERS: readonly Fault[] = STEPS.map(([step, when]) => ({
  name: `failover-killed-${step}`,
  title: `Policy manual: alpha loses power, and \`spare failover alpha\` is killed (SIGKILL) ${when}`,
  expected: SERVED,
  async strike(bench) {
    await bench.onStandby('spare set alpha --policy manual');
    await bench.job.lab.machine('alpha').kill();
    await bench.waitForState('alpha', 'suspect');
    await bench.signalAtStep('alpha', step, 'SIGKILL', 'spare failover alpha');
    const { seen, problems } = await bench.see('alpha');
    const named = namedCommand('alpha', problems);
    await bench.onStandby(named);
    const killed = `Killed: ${seenText(seen)}; status names \`${named}\`, which works`;
    if (!named.endsWith('--abort')) return { note: killed };
    await bench.onStandby('spare failover alpha');
    return { note: `${killed}; so does \`spare failover alpha\` after it` };
  },
  repair: async (bench) => {
    await bench.onStandby('spare set alpha --policy auto');
  },
}));

import type { HostStateName } from './host-record.ts';
import { TRANSITIONS } from './state-table.ts';

/** The meaning of each state, for administrators. */
const MEANINGS: Readonly<Record<HostStateName, string>> = {
  enrolled: 'configured; the initial resync has not started',
  syncing: 'a resync is running: the initial one, or that of the local leg after a failback',
  protected: 'both legs are in sync',
  degraded: 'the array runs on one leg',
  suspect: 'it was protected, and is unreachable on all probes',
  'failing-over': 'a failover is running or was interrupted',
  'taken-over': 'the standby serves it, without a mirror',
  'failing-back': 'a failback is running or was interrupted',
};

/** Every state, its meaning, and the states that may follow, from the state table. */
export function stateSummary(): string {
  const states = Object.entries(MEANINGS) as [HostStateName, string][];
  const width = Math.max(...states.map(([name]) => name.length));
  return states
    .map(([name, meaning]) => {
      const next = [...new Set(TRANSITIONS.filter(({ from }) => from === name).map(({ to }) => to ?? 'not enrolled'))];
      return `  ${name.padEnd(width)}  ${meaning}\n  ${' '.repeat(width)}  → ${next.join(', ')}`;
    })
    .join('\n');
}

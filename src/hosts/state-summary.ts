import type { HostStateName } from './host-record.ts';
import { TRANSITIONS } from './state-table.ts';

/** What each state means to an administrator. */
const MEANINGS: Readonly<Record<HostStateName, string>> = {
  enrolled: 'known, nothing is mirrored yet',
  syncing: 'the resync runs: it cannot be taken over without data loss',
  protected: 'both legs are in sync',
  degraded: 'it serves, and only one leg has everything',
  suspect: 'unreachable on all probes',
  'failing-over': 'a failover runs, or was interrupted',
  'taken-over': 'the standby serves it',
  'failing-back': 'a failback runs, or was interrupted',
};

/** Every state, what it means, and where it leads, from the state table. */
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

import { readConfiguration } from '../config/configuration.ts';
import { SpareError } from '../std/errors.ts';
import type { HostStateName } from './host-record.ts';
import { stateOf } from './host-state.ts';

/** The only host that needs a failover. @throws SpareError `usage` listing all hosts if there is not exactly one. */
export function chooseFailoverHost(): string {
  return onlyHostIn(['suspect', 'failing-over'], 'failover');
}

/** The only host that is taken over. @throws SpareError `usage` listing all hosts if there is not exactly one. */
export function chooseFailbackHost(): string {
  return onlyHostIn(['taken-over', 'failing-back'], 'failback');
}

function onlyHostIn(states: readonly HostStateName[], command: string): string {
  const hosts = Object.keys(readConfiguration().hosts).map((name) => ({
    name,
    state: stateOf(name),
  }));
  const candidates = hosts.filter(({ state }) => states.includes(state));
  const [only] = candidates;
  if (only && candidates.length === 1) return only.name;
  const listed = hosts.map(({ name, state }) => `${name} (${state})`).join(', ') || 'none';
  throw new SpareError(
    'usage',
    'HOST_NEEDED',
    `Cannot choose the host: ${candidates.length} hosts are ${states.join(' or ')}`,
    {
      hint: `Run: spare ${command} HOST. Hosts: ${listed}`,
    },
  );
}

import { readConfiguration } from '../config/configuration.ts';
import { SpareError } from '../std/errors.ts';
import type { HostStateName } from './host-record.ts';
import { stateOf } from './host-state.ts';

/** The only host that needs a takeover. @throws SpareError `usage` listing every host where that is not clear. */
export function chooseFailoverHost(): string {
  return onlyHostIn(['suspect', 'failing-over'], 'failover');
}

/** The only host that is taken over. @throws SpareError `usage` listing every host where that is not clear. */
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
  const listed = hosts.map(({ name, state }) => `${name} (${state})`).join(', ') || 'none is enrolled';
  throw new SpareError(
    'usage',
    'HOST_NEEDED',
    `Cannot choose the host: ${candidates.length} hosts are ${states.join(' or ')}`,
    {
      hint: `Name it: spare ${command} HOST. Hosts: ${listed}`,
    },
  );
}

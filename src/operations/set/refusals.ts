import type { HostStateName } from '../../hosts/host-record.ts';
import { stateOf } from '../../hosts/host-state.ts';
import { unfinishedOperations } from '../../hosts/journal.ts';
import { SpareError } from '../../std/errors.ts';
import { namesIn, SETTING_FLAGS, type SettingChanges } from './setting-changes.ts';

/** The states in which the primary serves, or is to serve again without an operation. */
export const AT_HOME: readonly HostStateName[] = ['syncing', 'protected', 'degraded', 'suspect'];

const ELSEWHERE: Partial<Record<HostStateName, (host: string) => string>> = {
  enrolled: (host) => `Finish its enrolment first: run the same 'spare enroll ${host}' command again`,
  'failing-over': (host) => `Finish the failover first. Run: spare failover ${host}`,
  'taken-over': (host) => `When the primary is repaired, run: spare failback ${host}`,
  'failing-back': (host) => `Finish the failback first. Run: spare failback ${host}`,
};

/**
 * Changes of the service or the initiator need the primary, and nothing half-done.
 * @throws SpareError `precondition`
 */
export function refuseUnlessAtHome(host: string, changes: SettingChanges): void {
  const flags = namesIn(changes)
    .map((name) => SETTING_FLAGS[name])
    .join(', ');
  const state = stateOf(host);
  const elsewhere = ELSEWHERE[state];
  if (elsewhere) {
    throw new SpareError('precondition', 'NOT_AT_HOME', `Cannot change ${flags} of ${host} as it is ${state}`, {
      hint: `${elsewhere(host)}. The policy and the fence command can be changed at any time`,
    });
  }
  const other = unfinishedOperations(host).find(({ operation }) => operation !== 'set');
  if (!other) return;
  const { operation, since, again } = other;
  throw new SpareError(
    'precondition',
    'OPERATION_UNFINISHED',
    `Cannot change ${flags} of ${host}: '${operation}' started at ${since} and did not finish`,
    { hint: `To finish it, ${again ?? 'run it again'}. The policy and the fence command can be changed at any time` },
  );
}

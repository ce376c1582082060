import type { UnfinishedOperation } from '../hosts/journal.ts';
import type { HostStatus, Problem } from './host-status.ts';

/** What the state of a host says already. */
const SAID_BY_STATE: ReadonlySet<HostStatus['state']> = new Set([null, 'failing-over', 'failing-back']);

/** An operation that failed half-way or was killed, and that the state of the host does not show. */
export function unfinishedProblems(state: HostStatus['state'], unfinished: UnfinishedOperation | undefined): Problem[] {
  if (unfinished === undefined || SAID_BY_STATE.has(state)) return [];
  const { operation, since, again } = unfinished;
  return [
    { sentence: `'${operation}' started at ${since} and did not finish. To resume it, ${again ?? 'run it again'}` },
  ];
}

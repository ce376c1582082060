import type { UnfinishedOperation } from '../hosts/journal.ts';
import type { HostStatus, Problem } from './host-status.ts';

/** What the state of a host says already. */
const SAID_BY_STATE: ReadonlySet<HostStatus['state']> = new Set([null, 'failing-over', 'failing-back']);

/**
 * They leave the state `failing-over` as the last thing they do, or undo. So in another state nothing of them is left, also where the
 * journal could not be written.
 */
const ENDED_BY_STATE: ReadonlySet<string> = new Set(['failover', 'abort']);

/** Operations that failed half-way or were killed, and that the state of the host does not show. */
export function unfinishedProblems(state: HostStatus['state'], unfinished: readonly UnfinishedOperation[]): Problem[] {
  if (SAID_BY_STATE.has(state)) return [];
  return unfinished
    .filter(({ operation }) => !ENDED_BY_STATE.has(operation))
    .map(({ operation, since, again }) => ({
      sentence: `'${operation}' started at ${since} and did not finish. To resume it, ${again ?? 'run it again'}`,
    }));
}

import type { HostStateName, PrimaryReport } from '../hosts/host-record.ts';
import type { HostEvent } from '../hosts/state-table.ts';
import { mirrorCondition } from '../mirror/condition.ts';
import type { LostWrites } from '../mirror/worst-volume.ts';
import type { Verdict } from './verdict.ts';

export interface Observation {
  state: HostStateName;
  verdict: Verdict;
  /** Of the volume in the worst condition, and only while it is fresh: old facts are not observations. */
  report: PrimaryReport | undefined;
  lostWrites: LostWrites;
  /** The ownership record says `pair`, and the report proves it. */
  isProven: boolean;
}

/** The event that the watch has observed, if any. While an operation runs, the operation records its own events. */
export function observedEvent(observation: Observation): HostEvent | undefined {
  const { state, verdict, report, lostWrites, isProven } = observation;
  if (state === 'failing-over' || state === 'taken-over' || state === 'failing-back') return undefined;
  if (verdict === 'suspect' || verdict === 'dead') return 'silent';
  // An answer alone does not make it protected again: it must report its mirror.
  if (!report) return undefined;
  const condition = mirrorCondition(report);
  if (isProven) return 'legs-in-sync';
  if (condition === 'in-sync' && lostWrites !== 'some') return undefined;
  return condition === 'copying' && state === 'enrolled' ? 'copy-started' : 'leg-lost';
}

import type { HostStateName, PrimaryReport } from '../hosts/host-record.ts';
import type { HostEvent } from '../hosts/state-table.ts';
import { mirrorCondition } from '../mirror/condition.ts';
import type { Verdict } from './verdict.ts';

/** By the target: whether the standby leg may lack writes since the standby lost its power, whatever the mirror set thinks of it. */
export type LostWrites = 'none' | 'some' | 'unknown';

export interface Observation {
  state: HostStateName;
  verdict: Verdict;
  /** Only while it is fresh: what was true a while ago is no observation. */
  report: PrimaryReport | undefined;
  lostWrites: LostWrites;
}

/** What the watch has seen happen to a host, if anything. While an operation runs, the operation says what happens. */
export function observedEvent(observation: Observation): HostEvent | undefined {
  const { state, verdict, report, lostWrites } = observation;
  if (state === 'failing-over' || state === 'taken-over' || state === 'failing-back') return undefined;
  if (verdict === 'suspect' || verdict === 'dead') return 'silent';
  // That it answers is not enough to call it protected again: it has to show its mirror.
  if (!report) return undefined;
  const condition = mirrorCondition(report);
  if (condition === 'in-sync' && lostWrites === 'none') return 'legs-in-sync';
  if (condition === 'in-sync' && lostWrites === 'unknown') return undefined;
  return condition === 'copying' && state === 'enrolled' ? 'copy-started' : 'leg-lost';
}

import type { HostStateName, PrimaryReport } from '../config/host-record.ts';
import { mirrorCondition } from './mirror.ts';
import type { HostEvent } from './state.ts';
import type { Verdict } from './verdict.ts';

export interface Observation {
  state: HostStateName;
  verdict: Verdict;
  /** Only while it is fresh: what was true a while ago is no observation. */
  report: PrimaryReport | undefined;
  /** The mirror was last seen broken, and has not been seen whole since. */
  degraded: boolean;
}

/** What the watch has seen happen to a host, if anything. While an operation runs, the operation says what happens. */
export function observedEvent(observation: Observation): HostEvent | undefined {
  const { state, verdict, report, degraded } = observation;
  if (state === 'failing-over' || state === 'taken-over' || state === 'failing-back') return undefined;
  if (verdict === 'suspect' || verdict === 'dead') return 'silent';
  if (report) {
    const condition = mirrorCondition(report);
    if (condition === 'in-sync') return 'legs-in-sync';
    return condition === 'copying' && state === 'enrolled' ? 'copy-started' : 'leg-lost';
  }
  return verdict === 'alive' && !degraded ? 'heard' : undefined;
}

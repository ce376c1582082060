import type { HostEvidence, HostStateName, PrimaryReport } from '../hosts/host-record.ts';
import { mirrorCondition } from '../mirror/condition.ts';
import type { LostWrites } from './observe.ts';

/**
 * What the evidence becomes with a new report from the primary. Pure.
 * @param lostWrites The mirror set may not have noticed that its standby leg lacks writes: what it says proves nothing then.
 */
export function withReport(
  evidence: HostEvidence,
  report: PrimaryReport,
  state: HostStateName,
  lostWrites: LostWrites,
): HostEvidence {
  const { degradedSince, ...rest } = evidence;
  if (mirrorCondition(report) === 'in-sync') {
    if (lostWrites === 'none') return { ...rest, lastReport: report, lastProof: report };
    if (lostWrites === 'unknown') return { ...evidence, lastReport: report };
  }
  // While the first copy runs there is nothing yet that could be broken.
  const isFirstCopy = state === 'enrolled' || state === 'syncing';
  const since = degradedSince ?? (isFirstCopy ? undefined : report.receivedAt);
  return { ...rest, lastReport: report, ...(since !== undefined && { degradedSince: since }) };
}

/** The fence device says that the machine is off. The first time counts: it has been off since then at the latest. */
export function withProvenOff(evidence: HostEvidence, provenOff: NonNullable<HostEvidence['provenOff']>): HostEvidence {
  return evidence.provenOff ? evidence : { ...evidence, provenOff };
}

/** The primary is heard again: whatever was off is not any more. */
export function withoutProvenOff(evidence: HostEvidence): HostEvidence {
  const { provenOff: _over, ...rest } = evidence;
  return rest;
}

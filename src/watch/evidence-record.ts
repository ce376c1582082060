import type { HostStateName, PrimaryReport, VolumeEvidence } from '../hosts/host-record.ts';
import { mirrorCondition } from '../mirror/condition.ts';
import type { LostWrites } from '../mirror/worst-volume.ts';

/**
 * The evidence after a new report from the primary. Pure.
 * @param seen.lostWrites If the standby leg has lost writes, the array may not know: its report then confirms nothing.
 * @param seen.isProven The ownership record says `pair`, and the report proves it.
 */
export function withReport(
  evidence: VolumeEvidence,
  report: PrimaryReport,
  state: HostStateName,
  { lostWrites, isProven }: { lostWrites: LostWrites; isProven: boolean },
): VolumeEvidence {
  const { degradedSince, ...rest } = evidence;
  if (isProven) return { ...rest, lastReport: report, lastProof: report };
  if (mirrorCondition(report) === 'in-sync' && lostWrites !== 'some') return { ...evidence, lastReport: report };
  // During the initial resync there is no mirror yet that could break.
  const isFirstCopy = state === 'enrolled' || state === 'syncing';
  const since = degradedSince ?? (isFirstCopy ? undefined : report.receivedAt);
  return { ...rest, lastReport: report, ...(since !== undefined && { degradedSince: since }) };
}

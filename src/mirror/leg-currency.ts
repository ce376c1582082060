import type { VolumeEvidence } from '../hosts/host-record.ts';
import type { LegCurrency } from '../hosts/leg-currency.ts';
import type { ByteRange } from '../std/byte-range.ts';
import { standbyLegInSync } from './condition.ts';
import type { LegSuperblock } from './md/superblock.ts';

/**
 * If the last report is older than the last mirror PDU by more than this, it says nothing about the time in between: a leg can be
 * dropped while the session is up (its disk fails). Reports come once a second.
 */
const REPORT_GAP_LIMIT_ms = 5_000;

export interface CurrencyFacts {
  /** What the watch has recorded. */
  evidence: Pick<VolumeEvidence, 'lastProof' | 'lastReport'>;
  /** When the last report was received. This time and the next two are of the standby's boot clock. */
  reportedAt_ms: number | undefined;
  /** The target's last contact with the primary; `null` if there was none since it started. */
  lastPduAt_ms: number | null;
  /** When the primary was confirmed off; `undefined` if unknown. */
  offAt_ms: number | undefined;
  replacementTimeout_ms: number;
  /** The standby leg's superblock; `undefined` before it has been read. */
  leg?: LegSuperblock;
  mirrorUuid: string;
  /** Lost writes, reported by the target. */
  lost: readonly ByteRange[];
}

/**
 * Decides whether the standby leg is current and may be brought into service (invariant 2).
 *
 * MD acknowledges a write only when it is on every leg that is not faulty. When the session breaks, writes wait for the initiator's
 * replacement_timeout (the lease) before the leg becomes faulty. So if the standby leg was in sync and the primary was off before
 * the lease expired, counted from the last contact, it has acknowledged no write that the standby leg lacks.
 */
export function decideCurrency(facts: CurrencyFacts): LegCurrency {
  const defects = facts.leg ? legDefects(facts.leg, facts.mirrorUuid) : [];
  if (defects.length > 0) return { currency: 'unusable', reasons: defects };
  const leg = decideByReports(facts);
  if (facts.lost.length === 0) return leg;
  const mayMiss_bytes = facts.lost.reduce((sum, { length_bytes }) => sum + length_bytes, 0);
  const sentence = `The standby lost power, or its disk failed: ${mebibytes(mayMiss_bytes)} of the standby leg may be stale (${rangesText(facts.lost)})`;
  return { ...leg, currency: 'unproven', reasons: [sentence, ...leg.reasons], mayMiss_bytes };
}

function decideByReports(facts: CurrencyFacts): LegCurrency {
  const { lastProof, lastReport } = facts.evidence;
  const report = lastReport ?? lastProof;
  if (!report) return unproven('No report from this primary has been received yet');
  if (!standbyLegInSync(report)) {
    const proof = lastProof ? `last confirmed in sync at ${lastProof.receivedAt}` : 'never confirmed in sync';
    return unproven(
      `The standby leg was ${report.standbyLegState} in the last report (${report.receivedAt}); ${proof}`,
    );
  }
  const reportedAt_ms = facts.reportedAt_ms ?? Number.NEGATIVE_INFINITY;
  const heardTimes_ms = [facts.lastPduAt_ms ?? [], report.sessionLoggedIn ? reportedAt_ms : []].flat();
  const heardAt_ms = Math.max(...heardTimes_ms);
  if (!Number.isFinite(heardAt_ms)) return unproven('The target has had no contact with this primary since it started');
  const gap_ms = heardAt_ms - reportedAt_ms;
  if (!(gap_ms <= REPORT_GAP_LIMIT_ms)) {
    return unproven(
      `The last report (${report.receivedAt}) is ${seconds(gap_ms)} older than the last mirror traffic: the leg may have been dropped in between`,
    );
  }
  if (facts.offAt_ms === undefined || !Number.isFinite(facts.offAt_ms))
    return unproven('Nothing confirms that the primary is off: it may still be serving');

  const alone_ms = facts.offAt_ms - (heardAt_ms + facts.replacementTimeout_ms);
  const inSync = `The standby leg was in sync in the last report (${report.receivedAt})`;
  if (alone_ms >= 0) {
    return {
      currency: 'unproven',
      reasons: [
        inSync,
        `The primary was confirmed off ${seconds(facts.offAt_ms - heardAt_ms)} after the last contact: it may have written without the standby for ${seconds(alone_ms)}`,
      ],
      mayMiss_ms: alone_ms,
    };
  }
  return {
    currency: 'current',
    reasons: [
      inSync,
      `The primary was confirmed off ${seconds(facts.offAt_ms - heardAt_ms)} after the last contact, ${seconds(-alone_ms)} before the lease expired`,
    ],
  };
}

function legDefects(leg: LegSuperblock, mirrorUuid: string): string[] {
  const defects: string[] = [];
  if (leg.mirrorUuid !== mirrorUuid)
    defects.push(`The standby leg belongs to the array ${leg.mirrorUuid}, expected ${mirrorUuid}`);
  if (leg.beingCopied) defects.push('The standby leg was being resynced and is not a consistent copy');
  if (leg.badBlocks) defects.push('The standby leg has a bad block list: some writes never reached it');
  if (leg.role === undefined)
    defects.push('The standby leg is not an active member of the array: it is a spare or faulty');
  return defects;
}

function unproven(reason: string): LegCurrency {
  return { currency: 'unproven', reasons: [reason] };
}

/** How many ranges a sentence lists at most. */
const MOST_RANGES = 4;

export function rangesText(ranges: readonly ByteRange[]): string {
  const text = ranges
    .slice(0, MOST_RANGES)
    .map(({ offset_bytes, length_bytes }) => `${mebibytes(length_bytes)} at offset ${mebibytes(offset_bytes)}`)
    .join(', ');
  return ranges.length > MOST_RANGES ? `${text}, and ${ranges.length - MOST_RANGES} more ranges` : text;
}

function mebibytes(length_bytes: number): string {
  return `${Math.ceil(length_bytes / 2 ** 20)} MiB`;
}

function seconds(duration_ms: number): string {
  return `${(duration_ms / 1000).toFixed(1)} s`;
}

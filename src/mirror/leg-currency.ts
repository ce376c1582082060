import type { HostEvidence } from '../hosts/host-record.ts';
import type { Evidence } from '../hosts/leg-evidence.ts';
import type { ByteRange } from '../std/byte-range.ts';
import { standbyLegInSync } from './condition.ts';
import type { LegSuperblock } from './md/superblock.ts';

/**
 * A report that is older than the last mirror PDU by more than this says nothing about the time between: a leg can be
 * dropped while the session lives (its disk fails). Reports come once a second.
 */
const REPORT_GAP_LIMIT_ms = 5_000;

export interface EvidenceFacts {
  /** What the watch has recorded. */
  record: Pick<HostEvidence, 'lastProof' | 'lastReport'>;
  /** When the target last heard the primary, by its own clock; `null` where it has not since it started. */
  lastPduAt_ms: number | null;
  /** When the primary was proven to be off; `undefined` where nobody can say. */
  offAt_ms: number | undefined;
  replacementTimeout_ms: number;
  /** The standby leg's own account; `undefined` before it has been read. */
  leg?: LegSuperblock;
  mirrorUuid: string;
  /** Ranges of the leg whose last writes may be missing, by the target. */
  lost: readonly ByteRange[];
}

/**
 * Decides whether the standby leg may be brought into service (invariant 2).
 *
 * MD acknowledges no write that is not on every leg which is not faulty. When the session breaks, writes wait for the initiator's
 * replacement_timeout before the leg is made faulty. So a primary that is off before that time has passed since it was last
 * heard, with its leg in sync, has acknowledged nothing that is not here.
 */
export function decideEvidence(facts: EvidenceFacts): Evidence {
  const defects = facts.leg ? legDefects(facts.leg, facts.mirrorUuid) : [];
  if (defects.length > 0) return { verdict: 'unusable', reasons: defects };
  const evidence = decideByReports(facts);
  if (facts.lost.length === 0) return evidence;
  const mayMiss_bytes = facts.lost.reduce((sum, { length_bytes }) => sum + length_bytes, 0);
  const sentence = `The standby lost its power, or its disk failed, before the last writes to ${mebibytes(mayMiss_bytes)} of the leg were safe (${rangesText(facts.lost)})`;
  return { ...evidence, verdict: 'unproven', reasons: [sentence, ...evidence.reasons], mayMiss_bytes };
}

function decideByReports(facts: EvidenceFacts): Evidence {
  const { lastProof, lastReport } = facts.record;
  const report = lastReport ?? lastProof;
  if (!report) return unproven('No report of this primary has ever been received');
  if (!standbyLegInSync(report)) {
    const proof = lastProof ? `it was last seen in sync at ${lastProof.receivedAt}` : 'it was never seen in sync';
    return unproven(
      `By the last report (${report.receivedAt}) the standby leg was ${report.standbyLegState}: ${proof}`,
    );
  }
  const reportedAt_ms = Date.parse(report.receivedAt);
  const heardAt_ms = Math.max(facts.lastPduAt_ms ?? 0, report.sessionLoggedIn ? reportedAt_ms : 0);
  if (heardAt_ms === 0) return unproven('The target has not heard this primary since it started');
  const gap_ms = heardAt_ms - reportedAt_ms;
  if (gap_ms > REPORT_GAP_LIMIT_ms) {
    return unproven(
      `The last report (${report.receivedAt}) is ${seconds(gap_ms)} older than the last mirror traffic: the leg may have been dropped in between`,
    );
  }
  if (facts.offAt_ms === undefined) return unproven('Nothing proves that the primary is off: it may be going on alone');

  const alone_ms = facts.offAt_ms - (heardAt_ms + facts.replacementTimeout_ms);
  const inSync = `The standby leg was in sync by the last report (${report.receivedAt})`;
  if (alone_ms >= 0) {
    return {
      verdict: 'unproven',
      reasons: [
        inSync,
        `The primary was proven to be off ${seconds(facts.offAt_ms - heardAt_ms)} after it was last heard: it may have gone on alone for ${seconds(alone_ms)}`,
      ],
      mayMiss_ms: alone_ms,
    };
  }
  return {
    verdict: 'current',
    reasons: [
      inSync,
      `The primary was proven to be off ${seconds(facts.offAt_ms - heardAt_ms)} after it was last heard, ${seconds(-alone_ms)} before it could have gone on alone`,
    ],
  };
}

function legDefects(leg: LegSuperblock, mirrorUuid: string): string[] {
  const defects: string[] = [];
  if (leg.mirrorUuid !== mirrorUuid)
    defects.push(`The leg belongs to the mirror set ${leg.mirrorUuid}, wanted is ${mirrorUuid}`);
  if (leg.beingCopied)
    defects.push('The leg was being filled: it is a mixture of old and new blocks, and no state of the volume at all');
  if (leg.badBlocks) defects.push('The leg has a list of bad blocks: some writes never arrived');
  if (leg.role === undefined) defects.push('The leg has no place in the mirror set: it is a spare, or was made faulty');
  return defects;
}

function unproven(reason: string): Evidence {
  return { verdict: 'unproven', reasons: [reason] };
}

/** The longest list of ranges in a sentence. */
const MOST_RANGES = 4;

export function rangesText(ranges: readonly ByteRange[]): string {
  const text = ranges
    .slice(0, MOST_RANGES)
    .map(({ offset_bytes, length_bytes }) => `${mebibytes(length_bytes)} from ${mebibytes(offset_bytes)} on`)
    .join(', ');
  return ranges.length > MOST_RANGES ? `${text}, and ${ranges.length - MOST_RANGES} more ranges` : text;
}

function mebibytes(length_bytes: number): string {
  return `${Math.ceil(length_bytes / 2 ** 20)} MiB`;
}

function seconds(duration_ms: number): string {
  return `${(duration_ms / 1000).toFixed(1)} s`;
}

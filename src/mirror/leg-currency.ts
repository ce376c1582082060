import { type LeaseFacts, leaseLeft_ms, ownerNow } from '../ownership/lease.ts';
import type { OwnershipRecord } from '../ownership/record.ts';
import { ageOf_ms } from '../std/boot-moment.ts';
import type { ByteRange } from '../std/byte-range.ts';
import type { Clock } from '../std/clock.ts';
import { mebibytes, rangesText } from './lost-writes.ts';

/** Whether a standby leg holds every acknowledged write (invariant 2). */
export interface LegCurrency {
  proven: boolean;
  /** Why, one sentence each. */
  reasons: string[];
}

/**
 * What the ownership record and the target say of the standby leg. Pure.
 * @param lost Lost writes, reported by the target.
 */
export function legCurrency(
  record: OwnershipRecord,
  lease: LeaseFacts,
  lost: readonly ByteRange[],
  clock: Clock,
): LegCurrency {
  const owner = ownerNow(record, lease, clock);
  const reasons = [recordSentence(record, lease, clock)];
  if (lost.length === 0) return { proven: owner !== 'primary', reasons };
  const lost_bytes = lost.reduce((sum, { length_bytes }) => sum + length_bytes, 0);
  const sentence = `The standby lost power, or its disk failed: ${mebibytes(lost_bytes)} of the standby leg may be stale (${rangesText(lost)})`;
  return { proven: false, reasons: [sentence, ...reasons] };
}

/** What the record says of the standby leg now, for people. */
export function recordSentence(record: OwnershipRecord, lease: LeaseFacts, clock: Clock): string {
  const { owner, at, epoch } = record;
  const since = `since ${at} (epoch ${epoch})`;
  switch (owner) {
    case 'pair':
      return ownerNow(record, lease, clock) === 'pair'
        ? `Both legs have been a pair ${since}: the standby leg holds every acknowledged write. ${leaseSentence(record, lease, clock)}`
        : `Both legs were a pair ${since}, but the primary ${silence(lease, clock)}, and its lease of ${seconds(lease.lease_ms)} is over: it may have acknowledged writes alone`;
    case 'primary':
      return `The ownership record has said 'primary' ${since}: the primary may have acknowledged writes alone${WHY_ALONE[record.cause] ?? ''}`;
    case 'fill':
      return `The standby leg has been the only complete one ${since}: it holds every acknowledged write`;
    case 'standby':
      return `The standby has owned the volume ${since}`;
  }
}

/** What led to `primary`, as the end of a sentence. */
const WHY_ALONE: Partial<Record<OwnershipRecord['cause'], string>> = {
  created: ', and both legs have never been in sync',
  'leg-lost': ', because its array has lost the standby leg',
  'lease-expired': ', because its lease is over',
  'standby-booted': ', because the standby was down',
  'takeover-rolled-back': ', because a failover was rolled back',
};

function leaseSentence(record: OwnershipRecord, lease: LeaseFacts, clock: Clock): string {
  if (record.off) return `The primary was proven to be off at ${record.at}, before its lease was over`;
  return `The primary ${silence(lease, clock)}, and its lease lasts ${seconds(leaseLeft_ms(lease, clock))} more`;
}

function silence({ sessionHeard }: LeaseFacts, clock: Clock): string {
  const age_ms = ageOf_ms(sessionHeard, clock);
  return age_ms === undefined ? 'has not been heard' : `was last heard ${seconds(age_ms)} ago`;
}

function seconds(duration_ms: number): string {
  return `${(duration_ms / 1000).toFixed(1)} s`;
}

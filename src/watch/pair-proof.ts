import type { PrimaryReport } from '../hosts/host-record.ts';
import { mirrorCondition } from '../mirror/condition.ts';
import type { LostWrites } from '../mirror/worst-volume.ts';
import type { OwnershipRecord } from '../ownership/record.ts';
import { ageOf_ms, type BootMoment } from '../std/boot-moment.ts';
import type { Clock } from '../std/clock.ts';

/** Reports come once a second, PDUs too: what is older describes another moment. */
const RECENT_ms = 5_000;

/** What the target says about a volume and its initiator. */
export interface TargetContact {
  hasSession: boolean;
  /** When it heard the primary last, in any way, and in a session; `undefined` if that is not known. */
  heard: BootMoment | undefined;
  sessionHeard: BootMoment | undefined;
  isFenced: boolean;
  lostWrites: LostWrites;
}

export interface PairFacts {
  record: OwnershipRecord;
  report: PrimaryReport;
  /** The lease: the initiator's replacement_timeout as configured. */
  lease_s: number;
  contact: TargetContact;
}

/**
 * Whether both legs hold every acknowledged write, so that the record may say `pair`: the primary looked at its array after the epoch
 * was read, with the session up that this epoch began with or a later one that raised it again. Pure; what is unknown proves nothing.
 */
export function provesPair({ record, report, lease_s, contact }: PairFacts, clock: Clock): boolean {
  return [
    report.epoch === record.epoch,
    isRecent(report.received, clock),
    mirrorCondition(report) === 'in-sync',
    report.sessionLoggedIn,
    !report.passive,
    // A shorter one lets the primary go on alone before the lease has expired here.
    (report.recoveryTimeout_s ?? 0) >= lease_s,
    contact.hasSession,
    isRecent(contact.sessionHeard, clock),
    contact.lostWrites === 'none',
    !contact.isFenced,
  ].every(Boolean);
}

function isRecent(moment: BootMoment | undefined, clock: Clock): boolean {
  return (ageOf_ms(moment, clock) ?? Number.POSITIVE_INFINITY) <= RECENT_ms;
}

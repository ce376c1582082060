import type { BootMoment } from '../std/boot-moment.ts';
import { ageOf_ms } from '../std/boot-moment.ts';
import type { Clock } from '../std/clock.ts';
import type { Owner, OwnershipRecord } from './record.ts';

/** Two clocks of computers differ by far less than this part of a lease. */
const CLOCK_DRIFT = 0.02;

export interface LeaseFacts {
  /** The primary's last sign of life at the target, refused logins among them. `undefined`: none since the standby booted, or unknown. */
  heard: BootMoment | undefined;
  /**
   * When the target last heard a session of the primary, at the earliest. The initiator's timer starts when its session breaks, and a
   * login that is refused does not stop it. `undefined` as above.
   */
  sessionHeard: BootMoment | undefined;
  /** For how long the primary's writes wait after its session broke: the initiator's replacement_timeout. */
  lease_ms: number;
}

/**
 * With the standby's own file as its keeper, `pair` is a lease. While the standby cannot be asked, the primary goes on alone when the
 * initiator's timer has run out, and it cannot say so. So `pair` lapses to `primary` when the target has not heard its session for
 * that long, and with each boot of the standby, which does not know how long it was away. It does not lapse while the primary is
 * known to be off. Pure; whatever is unknown counts as lapsed.
 */
export function ownerNow(record: OwnershipRecord, facts: LeaseFacts, clock: Clock): Owner {
  return isOffSince(record, facts, clock) ? record.owner : ownerWhenHeard(record, facts, clock);
}

/**
 * The owner at the moment of a sign of life, by what was heard before it. It voids the proof that the primary is off, which may have
 * been a lie: without this, a primary that had gone on alone meanwhile would be a pair again by logging in.
 */
export function ownerWhenHeard(record: OwnershipRecord, before: LeaseFacts, clock: Clock): Owner {
  return record.owner === 'pair' && leaseLeft_ms(before, clock) <= 0 ? 'primary' : record.owner;
}

/** How long the lease still lasts; not positive when it is over. */
export function leaseLeft_ms({ sessionHeard, lease_ms }: LeaseFacts, clock: Clock): number {
  const age_ms = ageOf_ms(sessionHeard, clock);
  return age_ms === undefined ? Number.NEGATIVE_INFINITY : lease_ms * (1 - CLOCK_DRIFT) - age_ms;
}

/** It was recorded as off in this boot, and nothing has been heard since: an off that is followed by a sign of life was a lie. */
export function isOffSince({ off, changed }: OwnershipRecord, { heard }: LeaseFacts, clock: Clock): boolean {
  const off_ms = ageOf_ms(changed, clock);
  const heard_ms = ageOf_ms(heard, clock);
  return off === true && off_ms !== undefined && heard_ms !== undefined && heard_ms > off_ms;
}

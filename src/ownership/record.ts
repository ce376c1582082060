import type { BootMoment } from '../std/boot-moment.ts';

/**
 * Who may write to a volume, and where every acknowledged write is:
 * - `pair`: on both legs. The primary serves;
 * - `primary`: on the local leg. The primary acknowledges alone, or may have;
 * - `standby`: on the standby leg. The standby serves, or is about to;
 * - `fill`: on the standby leg. The primary serves again, through the LUN, while its local leg is being resynced.
 */
export const OWNERS = ['pair', 'primary', 'standby', 'fill'] as const;
export type Owner = (typeof OWNERS)[number];

/** The ownership record of a volume. Every change raises the epoch. */
export interface OwnershipRecord {
  readonly version: 1;
  /** A positive integer. */
  readonly epoch: number;
  readonly owner: Owner;
  /** The rule by which it changed last. */
  readonly cause: OwnershipCause;
  /** ISO 8601, for people. */
  readonly at: string;
  /** The same by the standby's boot clock. */
  readonly changed: BootMoment;
  /** While both legs are a pair: the primary was proven to be off when this was recorded, within its lease. */
  readonly off?: true;
  /** While the standby owns the volume, and while it is on its way home: the epoch in which it was taken over. */
  readonly takenIn?: number;
  /** While the standby owns the volume: the owner that it was taken from. */
  readonly takenFrom?: Exclude<Owner, 'standby'>;
  /** While the standby owns the volume: its leg may have been written to, so the primary's leg is stale. */
  readonly written?: true;
}

/** Why a record changes. */
export type OwnershipCause =
  | 'created'
  | 'created-fenced'
  | 'in-sync'
  | 'leg-lost'
  | 'local-leg-lost'
  | 'local-leg-complete'
  | 'logged-in'
  | 'lease-expired'
  | 'proven-off'
  | 'standby-booted'
  | 'taken-over'
  | 'taken-over-with-loss'
  | 'writable'
  | 'takeover-rolled-back'
  | 'gone-home';

export interface VolumeId {
  readonly host: string;
  readonly volume: string;
}

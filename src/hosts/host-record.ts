import type { BootMoment } from '../std/boot-moment.ts';

/** The states of a host: `docs/failover.md` has the diagram, `state-table.ts` the table of transitions. */
export const HOST_STATES = [
  'enrolled',
  'syncing',
  'protected',
  'degraded',
  'suspect',
  'failing-over',
  'taken-over',
  'failing-back',
] as const;
export type HostStateName = (typeof HOST_STATES)[number];

/** What the primary last said about its mirror set, over its own connection. Times are ISO 8601, by the standby's clock. */
export interface PrimaryReport {
  receivedAt: string;
  /** The same by the boot clock, which ages go by. */
  received?: BootMoment;
  /** Names as in sysfs `md/array_state`, or `missing` where the array is not assembled. */
  arrayState: string;
  /** Of the standby leg, from sysfs `md/dev-…/state`: `in_sync,write_mostly`, `faulty`, `spare`, or `missing`. */
  standbyLegState: string;
  localLegState: string;
  /** sysfs `md/sync_action`: `idle`, `recover`, `resync`, `check`, … */
  syncAction: string;
  /** sysfs `md/sync_completed` as a fraction, where something is being copied. */
  syncFraction?: number;
  /** Bytes a second, while something is being copied. */
  syncSpeed_bytes_s?: number;
  /** Whether the iSCSI session is logged in, by the primary's own account. */
  sessionLoggedIn: boolean;
  /** Whether the primary holds itself passive (invariant 6). */
  passive: boolean;
}

export interface Pause {
  until: string;
  /** The same by the boot clock, as long as this boot lasts. */
  ends?: BootMoment;
  reason: string;
}

/** `/var/lib/spare/hosts/<host>.json`: written by whoever holds the host's lock. Times are ISO 8601. */
export interface RecordedState {
  version: 1;
  state: HostStateName;
  /** When `state` was entered. */
  since: string;
  /** The state before this one: where a failover that is rolled back leads to. Absent in the first. */
  before?: HostStateName;
  /** `since` by the boot clock. */
  entered?: BootMoment;
  /** While set and not past, nothing is done automatically. */
  paused?: Pause;
  /** The service came home and both legs are still to be compared: the failback may have been interrupted. */
  comparisonDue?: true;
  /** What the last comparison of both legs after a failback has found, until one finds nothing. */
  legsDiffer?: { at: string; sectors: number };
}

/** `/var/lib/spare/evidence/<host>.json`: what the watch has learnt, and a takeover needs to know. Written by the watch only. */
export interface HostEvidence {
  version: 1;
  /** The last report while both legs were in sync; its time is the age of the last proof. */
  lastProof?: PrimaryReport;
  /** The last report of any kind. */
  lastReport?: PrimaryReport;
  /** Set when the mirror was first seen broken, removed when both legs are in sync again. */
  degradedSince?: string;
  /** When a fence device said that the primary was off, and which. Removed when the primary is heard again. */
  provenOff?: { at: string; by: string; moment?: BootMoment };
}

/** Both, merged: what is known of a host. */
export type HostRecord = RecordedState & Omit<HostEvidence, 'version'>;

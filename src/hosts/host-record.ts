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

/** The primary's last report about its array, over its own connection. Times are ISO 8601, by the standby's clock. */
export interface PrimaryReport {
  /** The volume that it is about; absent where it was recorded before volumes had names (`reportedVolume`). */
  volume?: string;
  /** Its time: when the question was asked that it answers. Where it waited since then does not make it newer. */
  receivedAt: string;
  /** The same by the boot clock, from which ages are computed. */
  received?: BootMoment;
  /** The epoch of the ownership record that the question told; absent from programs of an older version. It proves nothing then. */
  epoch?: number;
  /** How long the initiator lets writes wait when its session breaks: the session's `recovery_tmo`; absent without a session. */
  recoveryTimeout_s?: number;
  /** Names as in sysfs `md/array_state`, or `missing` where the array is not assembled. */
  arrayState: string;
  /** State of the standby leg, from sysfs `md/dev-…/state`: `in_sync,write_mostly`, `faulty`, `spare`, or `missing`. */
  standbyLegState: string;
  localLegState: string;
  /** sysfs `md/sync_action`: `idle`, `recover`, `resync`, `check`, … */
  syncAction: string;
  /** sysfs `md/sync_completed` as a fraction, during a resync. */
  syncFraction?: number;
  /** Bytes per second, during a resync. */
  syncSpeed_bytes_s?: number;
  /** Whether the primary says that its iSCSI session is logged in. */
  sessionLoggedIn: boolean;
  /** Whether the primary is passive (invariant 6). */
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
  /** The previous state, to which a rolled-back failover returns. Absent in the first state. */
  before?: HostStateName;
  /** `since` by the boot clock. */
  entered?: BootMoment;
  /** While set and not past, nothing is done automatically. */
  paused?: Pause;
  /** The service is back on the primary, but the legs have not been compared yet: the failback may have been interrupted. */
  comparisonDue?: true;
  /** The mirror mismatch found by the last comparison after a failback, until a comparison finds none. */
  legsDiffer?: { at: string; sectors: number };
}

/** `/var/lib/spare/volumes/<host>/<volume>/evidence.json`: evidence that the watch collects for a failover of this volume. Written by the watch only. */
export interface VolumeEvidence {
  version: 1;
  /** The last report with both legs in sync: when the mirror was last confirmed in sync. */
  lastProof?: PrimaryReport;
  /** The last report of any kind. */
  lastReport?: PrimaryReport;
  /** Set when the mirror was first seen broken, removed when both legs are in sync again. */
  degradedSince?: string;
}

/** The state of a host and the evidence of one of its volumes, merged. */
export type HostRecord = RecordedState & Omit<VolumeEvidence, 'version'>;

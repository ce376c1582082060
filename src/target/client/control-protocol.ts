import type { OwnershipRecord } from '../../ownership/record.ts';
import type { ByteRange } from '../../std/byte-range.ts';

/**
 * The daemon's control protocol: one JSON object per line over a Unix socket (mode 0600), one answer per request, in order.
 * Times are milliseconds of boot time: both ends are on one machine.
 */
export type ControlRequest =
  | { method: 'status' }
  /** Reads the host's configuration (again) and serves its LUNs. */
  | { method: 'add'; host: string }
  /** Ends the host's sessions, flushes and closes its stores, and removes the host from the target. */
  | { method: 'close'; host: string }
  /**
   * Fences the host: writes the durable record that refuses its logins, ends its sessions, flushes and closes the stores of
   * all of its volumes. Answers only when all of that is done.
   */
  | { method: 'fence'; host: string }
  /** Removes the record and serves the LUNs again. */
  | { method: 'unfence'; host: string }
  /**
   * Durably removes the record of lost writes of one volume, and serves its LUN unless the host is fenced. Only for callers
   * that have made sure that those ranges will be written again.
   */
  | { method: 'accept'; host: string; volume: string };

export type ControlResponse =
  | { ok: true; result: TargetStatus }
  | { ok: false; error: { code: string; message: string; hint: string } };

export interface TargetStatus {
  pid: number;
  startedAt: number;
  portal: string;
  hosts: HostTargetStatus[];
}

/** The status of a host, reported by its process. */
export interface HostTargetStatus {
  host: string;
  iqn: string;
  /** The process that serves the host; `null` if there is none. */
  pid: number | null;
  /** False if that process did not answer: the rest is its last answer. */
  responding: boolean;
  /** True while a fence record exists: logins are refused, the stores are closed. */
  fenced: boolean;
  sessions: SessionStatus[];
  /** When the host's initiator was last heard, by a PDU, a discovery or a login, even if it was refused; `null` if not since the standby booted, or unknown. */
  lastPduAt: number | null;
  /**
   * When a normal session of this host was last heard, at the earliest: what waited while the process was not running counts as heard
   * before that. The lease is measured from here. `null` as above.
   */
  sessionHeardAt: number | null;
  /** When the last session ended; `null` if one is open or none was since the daemon started. */
  sessionEndedAt: number | null;
  volumes: VolumeTargetStatus[];
}

/** The status of one volume: its leg on the standby, and its LUN. */
export interface VolumeTargetStatus {
  /** Its name in the host's configuration. */
  volume: string;
  lun: number;
  /**
   * Lost writes: ranges of the LUN that may be stale since the standby lost power or a flush failed. While there are any, the
   * LUN is not served. If no LUN of the host is, logins are refused with the status of a target that is not ready.
   */
  lost: readonly ByteRange[];
  /** Why the LUN is not served, other than a fence or lost writes; `null` otherwise. */
  notServed: NotServed | null;
  /** The volume's ownership record as it was a moment ago; `null` if there is none, or it cannot be read. */
  ownership: OwnershipStatus | null;
  /** When the last write command completed; `null` if none since the daemon started. */
  lastWriteAt: number | null;
  counters: { reads: number; writes: number; flushes: number; readBytes: number; writtenBytes: number; errors: number };
}

/** `owner` is that of now: a lease that is over counts. */
export type OwnershipStatus = Pick<OwnershipRecord, 'epoch' | 'owner' | 'cause'>;

export interface SessionStatus {
  initiatorName: string;
  remoteAddress: string;
  since: number;
}

/** Why a LUN is not served, and what to do, as sentences for an administrator. */
export interface NotServed {
  reason: string;
  hint: string;
}

import type { ByteRange } from '../std/byte-range.ts';
import type { NotServed } from './not-served.ts';

/**
 * The daemon's control protocol: one JSON object a line over a Unix socket (mode 0600), one answer a request, in order.
 * Times are milliseconds since the epoch.
 */
export type ControlRequest =
  | { method: 'status' }
  /** Reads the host's part of the configuration (again) and serves its LUN. */
  | { method: 'add'; host: string }
  /** Ends the host's sessions, flushes and closes its store, forgets it. */
  | { method: 'close'; host: string }
  /**
   * Makes a durable record that refuses the host's logins, ends its sessions, flushes and closes its store,
   * and answers only when all of that is done.
   */
  | { method: 'fence'; host: string }
  /** Removes the record and serves the LUN again. */
  | { method: 'unfence'; host: string }
  /**
   * Removes, durably, the record of what a loss of power may have taken from the leg, and serves the LUN unless the host is fenced.
   * Only for one who has made sure that those ranges are written again.
   */
  | { method: 'accept'; host: string };

export type ControlResponse =
  | { ok: true; result: TargetStatus }
  | { ok: false; error: { code: string; message: string; hint: string } };

export interface TargetStatus {
  pid: number;
  startedAt: number;
  portal: string;
  hosts: HostTargetStatus[];
}

/** What a host's own process says of it. */
export interface HostTargetStatus {
  host: string;
  iqn: string;
  /** The process that serves the host; `null` while there is none. */
  pid: number | null;
  /** False where that process has not answered: the rest is what it said last. */
  responding: boolean;
  /** True while a fence record stands: no login, no store open. */
  fenced: boolean;
  /**
   * Ranges of the LUN whose last writes may be missing, since the standby lost its power or a flush failed. While there are any, the
   * login is refused as of a target that is not ready.
   */
  lost: readonly ByteRange[];
  /** Why the LUN is not served, where it is for another reason than a fence or lost writes; `null` where it is served. */
  notServed: NotServed | null;
  sessions: SessionStatus[];
  /** When the last PDU of an authenticated session of this host arrived; `null` if none since the daemon started. */
  lastPduAt: number | null;
  /** When the last write command completed; `null` if none since the daemon started. */
  lastWriteAt: number | null;
  /** When the last session ended; `null` if one is open or none was since the daemon started. */
  sessionEndedAt: number | null;
  counters: { reads: number; writes: number; flushes: number; readBytes: number; writtenBytes: number; errors: number };
}

export interface SessionStatus {
  initiatorName: string;
  remoteAddress: string;
  since: number;
}

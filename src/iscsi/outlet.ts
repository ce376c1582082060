import type { OutgoingPdu } from './pdu/outgoing.ts';

/** Where a connection's PDUs go: the socket, or a list in a test. */
export interface Outlet {
  /** Queues a PDU. `flushed` is called when it has left the process, or no longer can. */
  send(pdu: OutgoingPdu, flushed?: () => void): void;
  /** Digests of all PDUs that are sent from now on. */
  useDigests(header: boolean, data: boolean): void;
  /** Bytes queued and not yet sent. */
  readonly backlog_bytes: number;
  pause(): void;
  resume(): void;
  /** Closes after everything queued has been sent, or after `LIMITS.linger_ms`. */
  end(): void;
  /** Closes now. */
  destroy(): void;
}

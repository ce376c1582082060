import type { HostConfiguration } from '../config/schema.ts';
import type { ExitKind } from '../std/errors.ts';
import type { SpareEvent } from '../std/event.ts';
import type { HostTargetStatus } from './control-protocol.ts';

/** A host's process that could not flush and close its leg exits with this. Others, Node's own among them, say nothing of the leg. EX_SOFTWARE of sysexits.h. */
export const LEG_NOT_FLUSHED = 70;

/** What a host's process can be asked to do, besides serving. */
export type HostRequest = 'status' | 'open' | 'fence' | 'unfence' | 'accept';

/** From the daemon to a host's process. */
export type MessageToHost =
  /** The first one. Without a configuration: the process that takes who names no host of ours, and refuses him as a host would. `failed`: a note says that the disk has failed the leg. */
  | { kind: 'serve'; configuration: HostConfiguration | undefined; folder: string; failed: boolean }
  /** How many hosts share the machine, now and whenever it changes. */
  | { kind: 'neighbours'; hosts: number }
  /** Comes with the socket. */
  | { kind: 'connection'; received: Uint8Array }
  | { kind: 'request'; id: number; request: HostRequest }
  /** The disk has failed the leg under a process before this one, as has come out only now. */
  | { kind: 'failed' }
  /** Tell the initiators, flush, close, exit. */
  | { kind: 'end' };

/** From a host's process to the daemon. */
export type MessageFromHost =
  | { kind: 'event'; event: SpareEvent }
  /** The disk has failed the leg, and its record does not say so yet; or it does now, or that has been accepted. */
  | { kind: 'failed'; failed: boolean }
  /** The leg is open now, and nothing is written yet; or it is closed. */
  | { kind: 'leg'; isOpen: boolean }
  | { kind: 'answer'; id: number; status: HostTargetStatus }
  | { kind: 'failure'; id: number; error: FailureOfHost };

/** A `SpareError` on its way between processes. */
export interface FailureOfHost {
  kind: ExitKind;
  code: string;
  message: string;
  hint: string;
}

import type { HostConfiguration } from '../config/schema.ts';
import type { ExitKind } from '../std/errors.ts';
import type { SpareEvent } from '../std/event.ts';
import type { HostTargetStatus } from './client/control-protocol.ts';

/** Exit code of a host's process that could not flush and close a leg (EX_SOFTWARE of sysexits.h). Other codes, such as Node's own, say nothing about the legs. */
export const LEG_NOT_FLUSHED = 70;

/** The requests that a host's process accepts. */
export type HostRequest =
  | 'status'
  | 'open'
  | 'fence'
  | 'unfence'
  /** The lost writes of the volume of this name. */
  | { accept: string };

/** From the daemon to a host's process. */
export type MessageToHost =
  /** The first message. Without a configuration: the process for initiators that name no enrolled host, which refuses them as a host would. `failed`: the volumes of which a note says that the disk failed their leg. `heardPath`: of the `HeardFile`. */
  | {
      kind: 'serve';
      configuration: HostConfiguration | undefined;
      folder: string;
      failed: string[];
      heardPath?: string | undefined;
    }
  /** How many hosts share the machine; sent again when it changes. */
  | { kind: 'neighbours'; hosts: number }
  /** The host's replacement timeout; sent again when it changes. */
  | { kind: 'lease'; lease_s: number }
  /** Comes with the socket. */
  | { kind: 'connection'; received: Uint8Array }
  | { kind: 'request'; id: number; request: HostRequest }
  /** The disk failed the leg of this volume under an earlier process; this was found only now. */
  | { kind: 'failed'; volume: string }
  /** Tell the initiators, flush, close, exit. */
  | { kind: 'end' };

/** From a host's process to the daemon. */
export type MessageFromHost =
  | { kind: 'event'; event: SpareEvent }
  /** True: the disk failed the leg and its record does not say so yet. False: the record says so, or the loss was accepted. */
  | { kind: 'failed'; volume: string; failed: boolean }
  /** True: the leg of this volume is open and nothing has been written yet. False: it is closed, and everything was `flushed` or not. */
  | { kind: 'leg'; volume: string; isOpen: boolean; flushed: boolean }
  | { kind: 'answer'; id: number; status: HostTargetStatus }
  | { kind: 'failure'; id: number; error: FailureOfHost };

/** A `SpareError` as sent between processes. */
export interface FailureOfHost {
  kind: ExitKind;
  code: string;
  message: string;
  hint: string;
}

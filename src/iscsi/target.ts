import type { DeviceServer } from '../scsi/task.ts';
import type { ActiveTask } from './active-task.ts';
import type { ChapSecret } from './chap.ts';
import { LOGIN_STATUS } from './pdu/login.ts';
import type { Session } from './session.ts';

export interface TargetOptions {
  /** The IQN. */
  name: string;
  /** The one logical unit number. */
  lun: number;
  /** `undefined` while there is nothing to serve: initiators are told to try again later, or, once fenced, that it is over. */
  deviceServer: DeviceServer | undefined;
  /** Whether logins are refused for good. */
  fenced: boolean;
  /**
   * The portal that initiators are sent to, once they have authenticated: `address:port`, IPv6 in brackets. The target has the
   * same name there. Always "temporarily" (RFC 7143 §11.13.5): libiscsi and QEMU do not follow the other status.
   */
  redirect?: string;
  /** The only initiator that may log in; without it, any. */
  initiatorName?: string;
  /** What initiators prove themselves with; without it no authentication is asked for. */
  chap?: ChapSecret;
  /** What the target proves itself with, to initiators that ask. */
  mutualChap?: ChapSecret;
}

/** An iSCSI target node with its sessions (RFC 7143 §4.4). */
export class Target {
  readonly name: string;
  readonly lun: number;
  readonly initiatorName: string | undefined;
  readonly chap: ChapSecret | undefined;
  readonly mutualChap: ChapSecret | undefined;
  deviceServer: DeviceServer | undefined;
  fenced: boolean;
  redirect: string | undefined;
  readonly sessions = new Set<Session>();
  /** When the last PDU of an authenticated session arrived, milliseconds since the epoch. */
  lastPduAt: number | null = null;
  sessionEndedAt: number | null = null;
  /** Data of commands under way in all of its sessions. */
  heldData_bytes = 0;
  #lastTsih = 0;

  constructor(options: TargetOptions) {
    this.name = options.name;
    this.lun = options.lun;
    this.deviceServer = options.deviceServer;
    this.fenced = options.fenced;
    this.redirect = options.redirect;
    this.initiatorName = options.initiatorName;
    this.chap = options.chap;
    this.mutualChap = options.mutualChap;
  }

  /** The status of logins that are to be refused, although the initiator is who it says (RFC 7143 §11.13.5). */
  get loginRefusal(): number | undefined {
    if (this.fenced) return LOGIN_STATUS.targetRemoved;
    if (this.redirect !== undefined) return LOGIN_STATUS.movedTemporarily;
    return this.deviceServer ? undefined : LOGIN_STATUS.serviceUnavailable;
  }

  /** A Target Session Identifying Handle that no open session has (RFC 7143 §4.4.3); 0 is reserved. */
  newTsih(): number {
    const used = new Set([...this.sessions].map((session) => session.identity.tsih));
    do this.#lastTsih = (this.#lastTsih % 0xffff) + 1;
    while (used.has(this.#lastTsih));
    return this.#lastTsih;
  }

  /**
   * Ends sessions of the same initiator port (RFC 7143 §6.3.5: session reinstatement), and calls back when none of
   * their tasks can have an effect any more. To be called for authenticated initiators only.
   */
  reinstate(initiatorName: string, isid: string, done: () => void): void {
    const old = [...this.sessions].filter(
      ({ identity }) => identity.initiatorName === initiatorName && identity.isid === isid,
    );
    whenAll(old, (session, ended) => session.terminate('replaced by a new login', ended), done);
  }

  /** Ends every session; calls back when none of their tasks can have an effect any more. */
  endSessions(reason: string, done: () => void): void {
    whenAll([...this.sessions], (session, ended) => session.terminate(reason, ended), done);
  }

  /** Every task of every session. */
  *tasks(): Generator<ActiveTask> {
    for (const session of this.sessions) yield* session.tasks();
  }

  sessionEnded(session: Session, now: number): void {
    if (!this.sessions.delete(session)) return;
    if (this.sessions.size === 0) this.sessionEndedAt = now;
  }
}

/** The targets that a portal offers. */
export interface TargetDirectory {
  /** Whether initiators have to authenticate where a target is not known or not named. */
  readonly authenticationRequired: boolean;
  find(targetName: string): Target | undefined;
  /** The target that this initiator may see. */
  visibleTo(initiatorName: string): Target | undefined;
}

/** Starts something for each item, and calls back when all are done. */
export function whenAll<Item>(
  items: readonly Item[],
  start: (item: Item, done: () => void) => void,
  done: () => void,
): void {
  let left = items.length + 1;
  const oneDone = (): void => {
    if (--left === 0) done();
  };
  for (const item of items) start(item, oneDone);
  oneDone();
}

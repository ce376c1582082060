import type { DeviceServer } from '../scsi/task.ts';
import type { BudgetShare } from './byte-budget.ts';
import type { Credentials } from './credentials.ts';
import { LOGIN_STATUS } from './pdu/login.ts';
import { SessionRegistry } from './session-registry.ts';

export interface TargetOptions extends Credentials {
  /** The IQN. */
  name: string;
  /** The logical unit numbers, at least one. */
  luns: readonly number[];
  /** `undefined` while there is nothing to serve: initiators are told to try again later, or, once fenced, that it is over. */
  deviceServer: DeviceServer | undefined;
  /** Whether logins are refused for good. */
  fenced: boolean;
  /**
   * The portal that initiators are sent to, once they have authenticated: `address:port`, IPv6 in brackets. The target has the
   * same name there. Always "temporarily" (RFC 7143 §11.13.5): libiscsi and QEMU do not follow the other status.
   */
  redirect?: string;
}

/** An iSCSI target node (RFC 7143 §4.4): its name, whom it lets in, to what, and the sessions that it has. */
export class Target {
  readonly name: string;
  readonly luns: readonly number[];
  readonly credentials: Credentials;
  deviceServer: DeviceServer | undefined;
  fenced: boolean;
  redirect: string | undefined;
  readonly sessions = new SessionRegistry();
  /** Of the budget for data of commands under way. */
  readonly share: BudgetShare = { held_bytes: 0 };
  /** When the last PDU of an authenticated session arrived, milliseconds of boot time. */
  lastPduAt: number | null = null;

  constructor(options: TargetOptions) {
    const { initiatorName, chap, mutualChap } = options;
    this.name = options.name;
    this.luns = options.luns;
    this.credentials = { initiatorName, chap, mutualChap };
    this.deviceServer = options.deviceServer;
    this.fenced = options.fenced;
    this.redirect = options.redirect;
  }

  /** The status of logins that are to be refused, although the initiator is who it says (RFC 7143 §11.13.5). */
  get loginRefusal(): number | undefined {
    if (this.fenced) return LOGIN_STATUS.targetRemoved;
    if (this.redirect !== undefined) return LOGIN_STATUS.movedTemporarily;
    return this.deviceServer ? undefined : LOGIN_STATUS.serviceUnavailable;
  }
}

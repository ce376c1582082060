import type { DeviceServer } from '../scsi/task.ts';
import type { AnswerGate } from './answer-gate.ts';
import type { BudgetShare } from './byte-budget.ts';
import type { Credentials } from './credentials.ts';
import { LOGIN_STATUS } from './pdu/login.ts';
import { SessionRegistry } from './session-registry.ts';

export interface TargetOptions extends Credentials {
  /** The IQN. */
  name: string;
  /** The logical unit numbers, at least one. */
  luns: readonly number[];
  /** `undefined` while nothing is served: initiators are told to retry later or, if fenced, that the target was removed. */
  deviceServer: DeviceServer | undefined;
  /** Whether logins are refused for good. */
  fenced: boolean;
  /**
   * The portal to which initiators are redirected after authentication: `address:port`, IPv6 in brackets. The target has the
   * same name there. Always "temporarily" (RFC 7143 §11.13.5): libiscsi and QEMU do not follow the other status.
   */
  redirect?: string;
}

/** An iSCSI target node (RFC 7143 §4.4): its name, access control, units and sessions. */
export class Target {
  readonly name: string;
  readonly luns: readonly number[];
  readonly credentials: Credentials;
  deviceServer: DeviceServer | undefined;
  fenced: boolean;
  redirect: string | undefined;
  readonly sessions = new SessionRegistry();
  /** Its holder in the budget for data of outstanding commands. */
  readonly share: BudgetShare = { held_bytes: 0 };
  /** When the last PDU of a normal session arrived, or its login succeeded; milliseconds of boot time. */
  lastPduAt: number | null = null;
  /** When an authenticated initiator was last heard in any other way: by a login, even if it is refused, or in a discovery session. */
  lastSignAt: number | null = null;
  /** @default none: every answer is sent at once */
  gate: AnswerGate | undefined;

  constructor(options: TargetOptions) {
    const { initiatorName, chap, mutualChap } = options;
    this.name = options.name;
    this.luns = options.luns;
    this.credentials = { initiatorName, chap, mutualChap };
    this.deviceServer = options.deviceServer;
    this.fenced = options.fenced;
    this.redirect = options.redirect;
  }

  /** The status with which authenticated logins are refused, if any (RFC 7143 §11.13.5). */
  get loginRefusal(): number | undefined {
    if (this.fenced) return LOGIN_STATUS.targetRemoved;
    if (this.redirect !== undefined) return LOGIN_STATUS.movedTemporarily;
    return this.deviceServer ? undefined : LOGIN_STATUS.serviceUnavailable;
  }
}

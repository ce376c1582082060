import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { removeFileDurably, syncDirectory, writeFileDurably } from '../std/durable-file.ts';

/**
 * The durable record that a host's leg belongs to the standby now (invariants 1 and 6): `<pool>/<host>/fenced`.
 * While it is there the host's logins are refused and its store stays closed, across restarts of daemon and machine.
 *
 * A fenced host learns it from its login: status class 02 (initiator error), detail 04 (target removed), RFC 7143 §11.13.5,
 * and only after it has proven itself, so that nobody else learns it. What open-iscsi 2.1.8 makes of that
 * (usr/initiator.c, usr/discovery.c, include/iscsi_err.h of its source):
 *
 * - `iscsiadm -m node … --login`: no retry; "encountered non-retryable iSCSI login failure", exit code 19 (ISCSI_ERR_FATAL_LOGIN).
 * - `iscsiadm -m discovery -t sendtargets` (a discovery session): the same, exit code 19, also at once.
 * - A wrong password or name (status 0201, 0202): exit code 24 (ISCSI_ERR_LOGIN_AUTH_FAILED), also without a retry.
 * - A portal that does not answer: the node login is tried again until `initial_login_retry_max` × `login_timeout` is over, then exit
 *   code 8 (ISCSI_ERR_TRANS_TIMEOUT) or 5; discovery tries `reopen_max` times, then 4 (ISCSI_ERR_TRANS), 8 or 11 (ISCSI_ERR_PDU_TIMEOUT).
 * - Status class 03 (target error) counts as "try again later": node login goes on as above, discovery as well.
 * - A session that was logged in once and has lost its connection: iscsid retries for ever whatever the status is, at first after
 *   DefaultTime2Wait, then without a pause, and logs "login rejected: initiator error (02/04)"; no status stops it, only
 *   `iscsiadm --logout` does. `iscsiadm --login` beside such a session says 15 (ISCSI_ERR_SESS_EXISTS) and proves nothing: a discovery
 *   session is the probe to use then. Hence our refusals are sent a moment later (`Connection`), which is the pause that iscsid lacks.
 *
 * 19 is also open-iscsi's code for "target not found" (0203) and for a protocol error. The daemon never sends 0203: an unknown
 * name is answered like a wrong password. So 19 from this target, with the right secret, says: fenced.
 */
export class FenceRecord {
  readonly #path: string;

  /** @param folder The host's folder in the pool. */
  constructor(folder: string) {
    this.#path = join(folder, 'fenced');
  }

  get stands(): boolean {
    return existsSync(this.#path);
  }

  /** Durable when it returns. */
  write(): void {
    if (this.stands) {
      // Whoever wrote it may have died before its name was on the disk.
      syncDirectory(dirname(this.#path));
      return;
    }
    writeFileDurably(this.#path, `${JSON.stringify({ fencedAt: new Date().toISOString() })}\n`, 0o600);
  }

  /** Durable when it returns. */
  remove(): void {
    removeFileDurably(this.#path);
  }
}

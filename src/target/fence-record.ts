import { closeSync, existsSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Clock, systemClock } from '../std/clock.ts';
import { removeFileDurably, syncDirectory } from '../std/durable-file.ts';
import { createReservedFile, ReservedFileDamaged, readReservedFile, writeReserved } from '../std/reserved-file.ts';

const NOT_FENCED = 'not fenced';

/**
 * The durable record that the standby owns a host's leg (invariants 1 and 6): `<pool>/<host>/fenced`, made beforehand.
 * While it says so, the host's logins are refused and its store stays closed, across restarts of daemon and machine.
 *
 * A fenced host learns this from its login: status class 02 (initiator error), detail 04 (target removed), RFC 7143 §11.13.5,
 * and only after it has authenticated, so that nobody else learns it. How open-iscsi 2.1.8 handles that
 * (usr/initiator.c, usr/discovery.c, include/iscsi_err.h of its source):
 *
 * - `iscsiadm -m node … --login`: no retry; "encountered non-retryable iSCSI login failure", exit code 19 (ISCSI_ERR_FATAL_LOGIN).
 * - `iscsiadm -m discovery -t sendtargets` (a discovery session): the same, exit code 19, also at once.
 * - A wrong password or name (status 0201, 0202): exit code 24 (ISCSI_ERR_LOGIN_AUTH_FAILED), also without a retry.
 * - A portal that does not answer: the node login is retried until `initial_login_retry_max` × `login_timeout` has passed, then exit
 *   code 8 (ISCSI_ERR_TRANS_TIMEOUT) or 5; discovery tries `reopen_max` times, then 4 (ISCSI_ERR_TRANS), 8 or 11 (ISCSI_ERR_PDU_TIMEOUT).
 * - Status class 03 (target error) counts as "try again later": node login and discovery retry as above.
 * - A session that was logged in and lost its connection: iscsid retries for ever whatever the status, first after
 *   DefaultTime2Wait, then without a pause, and logs "login rejected: initiator error (02/04)". No status stops it, only
 *   `iscsiadm --logout` does. `iscsiadm --login` beside such a session exits with 15 (ISCSI_ERR_SESS_EXISTS) and proves nothing:
 *   use a discovery session to ask. The target therefore delays its refusals (`Connection`): that is the pause that iscsid lacks.
 *
 * 19 is also open-iscsi's code for "target not found" (0203) and for a protocol error. The daemon never sends 0203: an unknown
 * name gets the same answer as a wrong password. So 19 from this target, with the right secret, means fenced.
 */
export class FenceRecord {
  readonly #path: string;
  readonly #clock: Clock;

  /** @param folder The host's folder in the pool. */
  constructor(folder: string, clock: Clock = systemClock) {
    this.#clock = clock;
    this.#path = join(folder, 'fenced');
  }

  /** A record that cannot be read counts, and so does that of an older version, which was there or not. */
  get stands(): boolean {
    try {
      const content = readReservedFile(this.#path);
      return content !== undefined && content !== NOT_FENCED;
    } catch {
      return true;
    }
  }

  /** Takes the space that it needs, so that it can be written later on a full disk. Does nothing if there is a record. */
  reserve(): void {
    if (!existsSync(this.#path)) createReservedFile(this.#path, NOT_FENCED, 0o600);
  }

  /** Durable when it returns. */
  write(): void {
    const content = `${JSON.stringify({ fencedAt: this.#clock.wallTime().toISOString() })}\n`;
    try {
      this.#replace(content);
    } catch (error) {
      // It stands already. Its writer may have died before the directory entry was durable.
      if (error instanceof ReservedFileDamaged) syncDirectory(dirname(this.#path));
      else if ((error as NodeJS.ErrnoException).code === 'ENOENT') createReservedFile(this.#path, content, 0o600);
      else throw error;
    }
  }

  /** Durable when it returns. The space stays reserved. */
  remove(): void {
    if (!existsSync(this.#path)) return;
    try {
      this.#replace(NOT_FENCED);
    } catch (error) {
      if (!(error instanceof ReservedFileDamaged)) throw error;
      removeFileDurably(this.#path);
      this.reserve();
    }
  }

  #replace(content: string): void {
    const fd = openSync(this.#path, 'r+');
    try {
      writeReserved(fd, this.#path, content);
    } finally {
      closeSync(fd);
    }
  }
}

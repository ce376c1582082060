import type { HostKey } from '../../machine/host-key.ts';
import { SpareError } from '../../std/errors.ts';

/** What is known of the SSH host key that a new host should show, and whom to ask. */
export interface HostKeyTrust {
  /** The fingerprint that the administrator gave: `SHA256:…`. */
  fingerprint?: string | undefined;
  /** Takes whatever key is shown. */
  accept: boolean;
  /** Whether the key is right; `undefined` where nobody can be asked. */
  ask(question: string): Promise<boolean | undefined>;
}

const COMPARE = 'ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub';

/**
 * Nobody but a person who knows the fingerprint can tell whether the right machine answers.
 * @throws SpareError `refused` for another key than the given one, `usage` where nobody has confirmed it.
 */
export async function confirmHostKey(host: string, key: HostKey, trust: HostKeyTrust): Promise<void> {
  if (trust.fingerprint === key.fingerprint) return;
  if (trust.fingerprint !== undefined) {
    throw new SpareError(
      'refused',
      'WRONG_HOST_KEY',
      `Cannot trust ${host} as its SSH host key is ${key.fingerprint}, wanted is ${trust.fingerprint}`,
      { hint: `Another machine may answer at that address. Compare the key on the console of ${host}: ${COMPARE}` },
    );
  }
  if (trust.accept) return;
  if (await trust.ask(`The SSH host key of ${host} is ${key.type} ${key.fingerprint}. Is it the right one?`)) return;
  throw new SpareError(
    'usage',
    'HOST_KEY_UNCONFIRMED',
    `Cannot log in to ${host} before its SSH host key is confirmed: it shows ${key.fingerprint}`,
    {
      hint: `Compare it on the console of ${host} (${COMPARE}), then run the command again with: --host-key ${key.fingerprint}`,
    },
  );
}

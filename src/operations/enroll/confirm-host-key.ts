import type { HostKey } from '../../machine/host-key.ts';
import { SpareError } from '../../std/errors.ts';

/** The expected SSH host key of a new host, and how to ask for confirmation. */
export interface HostKeyTrust {
  /** The fingerprint that the administrator gave: `SHA256:…`. */
  fingerprint?: string | undefined;
  /** Accepts any key. */
  accept: boolean;
  /** Asks whether the key is right; `undefined` if nobody can be asked. */
  ask(question: string): Promise<boolean | undefined>;
}

const COMPARE = 'ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub';

/**
 * Only a person who knows the fingerprint can tell whether the right machine answers.
 * @throws SpareError `refused` if the key differs from the given one, `usage` if nobody has confirmed it.
 */
export async function confirmHostKey(host: string, key: HostKey, trust: HostKeyTrust): Promise<void> {
  if (trust.fingerprint === key.fingerprint) return;
  if (trust.fingerprint !== undefined) {
    throw new SpareError(
      'refused',
      'WRONG_HOST_KEY',
      `The SSH host key of ${host} is ${key.fingerprint}, expected ${trust.fingerprint}`,
      {
        hint: `Another machine may be answering at that address. To compare the key, run on the console of ${host}: ${COMPARE}`,
      },
    );
  }
  if (trust.accept) return;
  if (await trust.ask(`The SSH host key of ${host} is ${key.type} ${key.fingerprint}. Is it the right one?`)) return;
  throw new SpareError(
    'usage',
    'HOST_KEY_UNCONFIRMED',
    `The SSH host key of ${host} is not confirmed: ${key.fingerprint}`,
    {
      hint: `Compare it on the console of ${host} (${COMPARE}). Then run the command again with: --host-key ${key.fingerprint}`,
    },
  );
}

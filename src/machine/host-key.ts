import { createHash } from 'node:crypto';
import { SpareError } from '../std/errors.ts';
import { execLocal } from './exec.ts';

export interface HostKey {
  /** `ssh-ed25519` */
  type: string;
  /** Base64, as in known_hosts. */
  key: string;
  /** `SHA256:…`, as ssh-keygen(1) prints it. */
  fingerprint: string;
}

const SCAN_TIMEOUT_s = 10;

/**
 * The host key that a machine's sshd presents now. Only a person who knows its fingerprint can tell whether it is the right one.
 * @throws SpareError `unreachable`
 */
export async function scanHostKey(address: string, port: number): Promise<HostKey> {
  const argv = ['ssh-keyscan', '-T', String(SCAN_TIMEOUT_s), '-p', String(port), '-t', 'ed25519,ecdsa,rsa', address];
  const { stdout } = await execLocal(argv, { acceptExitCodes: [1] });
  const keys = parseKeyscan(stdout);
  const preferred = keys.find(({ type }) => type === 'ssh-ed25519') ?? keys[0];
  if (preferred) return preferred;
  throw new SpareError('unreachable', 'NO_HOST_KEY', `Cannot read the SSH host key of ${address}:${port}: no answer`, {
    hint: 'Check the address, and that sshd is running on that machine',
  });
}

export function parseKeyscan(stdout: string): HostKey[] {
  return stdout.split('\n').flatMap((line) => {
    const [name = '', type, key] = line.trim().split(/\s+/);
    if (name === '' || name.startsWith('#') || !type || !key) return [];
    const digest = createHash('sha256').update(Buffer.from(key, 'base64')).digest('base64').replace(/=+$/, '');
    return [{ type, key, fingerprint: `SHA256:${digest}` }];
  });
}

/**
 * The content of known_hosts with this host's key added.
 * @throws SpareError `refused` if another key is pinned for the host.
 */
export function withKnownHost(content: string, host: string, { type, key, fingerprint }: HostKey): string {
  const line = `${host} ${type} ${key}`;
  const lines = content.split('\n').filter((existing) => existing !== '');
  const pinned = lines.find((existing) => existing.startsWith(`${host} `));
  if (pinned !== undefined && pinned !== line) {
    throw new SpareError(
      'refused',
      'HOST_KEY_CHANGED',
      `The SSH host key of ${host} differs from the pinned one: it is now ${fingerprint}`,
      {
        hint: 'If the machine was reinstalled, remove its line from known_hosts. Otherwise another machine may be answering in its place',
      },
    );
  }
  return `${(pinned === undefined ? [...lines, line] : lines).join('\n')}\n`;
}

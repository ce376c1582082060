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
 * The key that a machine's sshd shows now. Whether it is the right one only somebody who knows its fingerprint can tell.
 * @throws SpareError `unreachable`
 */
export async function scanHostKey(address: string, port: number): Promise<HostKey> {
  const argv = ['ssh-keyscan', '-T', String(SCAN_TIMEOUT_s), '-p', String(port), '-t', 'ed25519,ecdsa,rsa', address];
  const { stdout } = await execLocal(argv, { acceptExitCodes: [1] });
  const keys = parseKeyscan(stdout);
  const preferred = keys.find(({ type }) => type === 'ssh-ed25519') ?? keys[0];
  if (preferred) return preferred;
  throw new SpareError(
    'unreachable',
    'NO_HOST_KEY',
    `Cannot read the SSH host key of ${address}:${port}: nothing answers there`,
    {
      hint: 'Check the address, and that sshd runs on that machine',
    },
  );
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
 * The content of known_hosts with this host's key in it.
 * @throws SpareError `refused` where another key is pinned for the host.
 */
export function withKnownHost(content: string, host: string, { type, key, fingerprint }: HostKey): string {
  const line = `${host} ${type} ${key}`;
  const lines = content.split('\n').filter((existing) => existing !== '');
  const pinned = lines.find((existing) => existing.startsWith(`${host} `));
  if (pinned !== undefined && pinned !== line) {
    throw new SpareError(
      'refused',
      'HOST_KEY_CHANGED',
      `The SSH host key of ${host} is not the pinned one: it shows ${fingerprint}`,
      {
        hint: 'If the machine was really installed anew, remove its line from known_hosts; otherwise somebody answers in its place',
      },
    );
  }
  return `${(pinned === undefined ? [...lines, line] : lines).join('\n')}\n`;
}

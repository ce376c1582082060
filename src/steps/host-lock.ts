import { join } from 'node:path';
import { paths } from '../config/paths.ts';
import { type FileLock, isFileLocked, takeFileLock } from '../machine/file-lock.ts';
import { SpareError } from '../std/errors.ts';

/**
 * Makes sure that one operation at a time works on a host.
 * @throws SpareError `busy` with who holds the lock.
 */
export async function lockHost(host: string, operation: string): Promise<FileLock> {
  const lock = await takeFileLock(
    lockPath(host),
    `${operation}, process ${process.pid}, since ${new Date().toISOString()}`,
  );
  if ('heldBy' in lock) {
    throw new SpareError(
      'busy',
      'HOST_BUSY',
      `Cannot start ${operation} of ${host} while another operation runs: ${lock.heldBy || 'unknown'}`,
      {
        hint: `Wait for it, or look at it: 'spare status ${host}'`,
      },
    );
  }
  return lock;
}

/** Whether an operation works on the host right now. */
export function isHostLocked(host: string): boolean {
  return isFileLocked(lockPath(host));
}

function lockPath(host: string): string {
  return join(paths().runtime, 'locks', `${host}.lock`);
}

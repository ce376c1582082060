import { join } from 'node:path';
import { paths } from '../config/paths.ts';
import { type FileLock, isFileLocked, takeFileLock } from '../machine/file-lock.ts';
import type { Clock } from '../std/clock.ts';
import { SpareError } from '../std/errors.ts';

/**
 * Lets only one operation at a time work on a host.
 * @throws SpareError `busy` naming the holder of the lock.
 */
export async function lockHost(host: string, operation: string, clock: Clock): Promise<FileLock> {
  const lock = await takeFileLock(
    lockPath(host),
    `${operation}, process ${process.pid}, since ${clock.wallTime().toISOString()}`,
  );
  if ('heldBy' in lock) {
    throw new SpareError(
      'busy',
      'HOST_BUSY',
      `Cannot start ${operation} of ${host}: another operation is running (${lock.heldBy || 'unknown'})`,
      {
        hint: `Wait for it to finish. To follow it, run: spare status ${host}`,
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

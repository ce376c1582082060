import { join } from 'node:path';
import { paths } from '../config/paths.ts';
import { type FileLock, takeFileLock } from '../machine/file-lock.ts';
import { SpareError } from '../std/errors.ts';

/**
 * Makes sure that one operation at a time works on a host.
 * @throws SpareError `busy` with who holds the lock.
 */
export async function lockHost(host: string, operation: string): Promise<FileLock> {
  const path = join(paths().runtime, 'locks', `${host}.lock`);
  const lock = await takeFileLock(path, `${operation}, process ${process.pid}, since ${new Date().toISOString()}`);
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

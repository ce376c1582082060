import * as fs from 'node:fs';
import { loadLibc } from './libc.ts';

/**
 * Makes a file, or the entries of a directory, durable before it returns.
 *
 * Node's permission model always refuses `fsync` and `fdatasync` of `node:fs`. The flush therefore goes through the C
 * library. Which files may be written is still limited, by the permission to open them.
 * @throws the error of the system call; Error if `node:ffi` is missing or not allowed
 */
export function syncNow(fd: number): void {
  if (process.permission === undefined) {
    fs.fsyncSync(fd);
    return;
  }
  const libc = loadLibc();
  // Without a flush nothing may be reported as durable.
  if (!libc) throw new Error('Cannot flush to disk under the permission model: start Node with --allow-ffi');
  libc.sync(fd);
}

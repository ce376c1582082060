import * as fs from 'node:fs';
import { loadLibc } from './libc.ts';

/**
 * Makes a file, or the names in a directory, durable before it returns.
 *
 * Under Node's permission model `fsync` and `fdatasync` of `node:fs` are refused, whatever is allowed: what may be written is bounded
 * there all the same, by the permission to open it, and the flush goes through the C library.
 * @throws the error of the system call; Error where `node:ffi` is missing or not allowed
 */
export function syncNow(fd: number): void {
  if (process.permission === undefined) {
    fs.fsyncSync(fd);
    return;
  }
  const libc = loadLibc();
  // Who can't flush must not say that anything is durable.
  if (!libc) throw new Error('Cannot make anything durable under the permission model: start with --allow-ffi');
  libc.sync(fd);
}

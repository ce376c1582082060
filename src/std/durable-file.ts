import { closeSync, fstatSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncNow } from './sync.ts';

/** The unit of `st_blocks` (stat(2)). */
const BLOCK_bytes = 512;

/** Replaces a file atomically and durably: after a power loss it holds the complete old or the complete new content. `mode` is octal, e.g. 0o600. */
export function writeFileDurably(path: string, content: string | Uint8Array, mode: number): void {
  const temporary = `${path}.${process.pid}.new`;
  orRemove(temporary, () => {
    const descriptor = openSync(temporary, 'w', mode);
    try {
      writeFileSync(descriptor, content);
      syncNow(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, path);
  });
  syncDirectory(dirname(path));
}

/** Removes a file, if it exists, so that it does not reappear after a power loss. */
export function removeFileDurably(path: string): void {
  rmSync(path, { force: true });
  syncDirectory(dirname(path));
}

/** Replaces a file atomically without waiting for the disk: for files that are written every second. */
export function replaceFile(path: string, content: string, mode: number): void {
  const temporary = `${path}.${process.pid}.new`;
  orRemove(temporary, () => {
    writeFileSync(temporary, content, { mode });
    renameSync(temporary, path);
  });
}

/** Where the work fails, its temporary file goes: on a full disk it would only take up room. */
function orRemove(temporary: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/**
 * Overwrites a text file within the space that it has, durably: for a full disk, where it cannot be replaced. A power loss in between may leave a mixture,
 * though hardly of a file of one block. What is left of a longer file becomes spaces.
 * @returns False if the file does not exist, or is too small.
 */
export function overwriteFile(path: string, content: string): boolean {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  try {
    const { size, blocks } = fstatSync(descriptor);
    const bytes = Buffer.from(content, 'utf8');
    if (bytes.length > blocks * BLOCK_bytes) return false;
    const whole = Buffer.alloc(Math.max(size, bytes.length), ' ');
    bytes.copy(whole);
    for (let done = 0; done < whole.length; ) done += writeSync(descriptor, whole, done, whole.length - done, done);
    syncNow(descriptor);
    return true;
  } finally {
    closeSync(descriptor);
  }
}

/** Makes changes to a directory durable: files created, renamed or removed in it. */
export function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    syncNow(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

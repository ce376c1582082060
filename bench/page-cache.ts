import { closeSync, fdatasyncSync, openSync } from 'node:fs';
import { execa } from 'execa';

const COMMAND_TIMEOUT_MS = 60_000;

/** What an earlier run left in the page cache would be written during the next one. */
export function synchronise(file: string): void {
  const descriptor = openSync(file, 'r+');
  fdatasyncSync(descriptor);
  closeSync(descriptor);
}

/**
 * Drops a file from the page cache: `dd` gives the kernel POSIX_FADV_DONTNEED for all of it, which Node has no call for. Only clean
 * pages go, so it is synchronised first.
 */
export async function dropFromCache(file: string): Promise<void> {
  synchronise(file);
  await execa('dd', [`if=${file}`, 'iflag=nocache', 'count=0'], { timeout: COMMAND_TIMEOUT_MS });
}

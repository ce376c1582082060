import { closeSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncNow } from './sync.ts';

/** Replaces a file so that after a loss of power there is the old content or the new one, whole. `mode` is octal, e.g. 0o600. */
export function writeFileDurably(path: string, content: string | Uint8Array, mode: number): void {
  const temporary = `${path}.${process.pid}.new`;
  const descriptor = openSync(temporary, 'w', mode);
  try {
    writeFileSync(descriptor, content);
    syncNow(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, path);
  syncDirectory(dirname(path));
}

/** Removes a file, if it is there, so that it does not come back after a loss of power. */
export function removeFileDurably(path: string): void {
  rmSync(path, { force: true });
  syncDirectory(dirname(path));
}

/** Replaces a file so that no reader ever sees half of it, without waiting for the disk: for what is written each second. */
export function replaceFile(path: string, content: string, mode: number): void {
  const temporary = `${path}.${process.pid}.new`;
  writeFileSync(temporary, content, { mode });
  renameSync(temporary, path);
}

/** Makes the names in a directory durable: what was created, renamed or removed in it. */
export function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    syncNow(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

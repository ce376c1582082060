import * as fs from 'node:fs';
import type { StoreCallback } from './store.ts';
import { SyncThread } from './sync-thread.ts';

/** Makes a file's data durable, without holding up the event loop. */
export type DataSync = (fd: number, done: StoreCallback) => void;

/** `record`: a small file, for which writes wait that a flush of the leg must not hold up. */
export type SyncedFile = 'leg' | 'record';

const threads = new Map<SyncedFile, SyncThread>();

/**
 * Node's `fdatasync`; under the permission model, which refuses that, a thread of this process that does nothing else. A thread takes
 * one file after the other, so that each kind of them has one of its own: on a busy disk a flush of the leg lasts for seconds.
 */
export function dataSync(file: SyncedFile): DataSync {
  if (process.permission === undefined) return (fd, done) => fs.fdatasync(fd, done);
  const thread = threads.get(file) ?? new SyncThread();
  threads.set(file, thread);
  return thread.sync;
}

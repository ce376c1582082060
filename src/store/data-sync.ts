import * as fs from 'node:fs';
import type { StoreCallback } from './store.ts';
import { SyncThread } from './sync-thread.ts';

/** Makes a file's data durable, without holding up the event loop. */
export type DataSync = (fd: number, done: StoreCallback) => void;

let thread: SyncThread | undefined;

/** Node's `fdatasync`; under the permission model, which refuses that, a thread of this process that does nothing else. */
export function dataSync(): DataSync {
  if (process.permission === undefined) return (fd, done) => fs.fdatasync(fd, done);
  thread ??= new SyncThread();
  return thread.sync;
}

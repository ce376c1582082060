import * as fs from 'node:fs';
import { bindDataSync, type DataSyncInPool } from '../std/libuv.ts';
import type { StoreCallback } from './store.ts';

/** Makes a file's data durable without blocking the event loop. */
export type DataSync = (fd: number, done: StoreCallback) => void;

let inPool: DataSyncInPool | undefined;

/** Node's `fdatasync` or, under the permission model, which refuses that, the libuv function beneath it. */
export const dataSync: DataSync =
  process.permission === undefined
    ? fs.fdatasync
    : (fd, done) => {
        try {
          inPool ??= bindDataSync();
        } catch (error) {
          // Without a flush nothing may be reported as durable.
          done(error as NodeJS.ErrnoException);
          return;
        }
        inPool(fd, done);
      };

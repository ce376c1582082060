import * as fs from 'node:fs';
import { bindDataSync, type DataSyncInPool } from '../std/libuv.ts';
import type { StoreCallback } from './store.ts';

/** Makes a file's data durable, without holding up the event loop. */
export type DataSync = (fd: number, done: StoreCallback) => void;

let inPool: DataSyncInPool | undefined;

/** Node's `fdatasync`; under the permission model, which refuses that, what lies below it. */
export const dataSync: DataSync =
  process.permission === undefined
    ? fs.fdatasync
    : (fd, done) => {
        try {
          inPool ??= bindDataSync();
        } catch (error) {
          // Who can't flush must not say that anything is durable.
          done(error as NodeJS.ErrnoException);
          return;
        }
        inPool(fd, done);
      };

/** The thread of `SyncThread`: a descriptor comes, and its answer goes when its data is on the disk. */
import { parentPort } from 'node:worker_threads';
import { requireLibc } from '../std/sync.ts';
import type { SyncAnswer } from './sync-thread.ts';

const libc = requireLibc();

parentPort?.on('message', (fd: number) => {
  parentPort?.postMessage(sync(fd));
});

function sync(fd: number): SyncAnswer {
  try {
    libc.syncData(fd);
    return null;
  } catch (error) {
    const { code = 'EIO', message } = error as NodeJS.ErrnoException;
    return { code, message };
  }
}

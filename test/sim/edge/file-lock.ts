import type { FileLock } from '../../../src/machine/file-lock.ts';
import { answered } from '../world/process.ts';
import { theWorld } from './edge-world.ts';

/** Stands for `src/machine/file-lock.ts`: a lock ends with its process. */
export function takeFileLock(path: string, note: string): Promise<FileLock | { heldBy: string }> {
  return answered(async () => {
    const { disk } = theWorld();
    const heldBy = disk.lockPath(path, note);
    return heldBy === undefined ? { release: async () => disk.unlockPath(path) } : { heldBy };
  });
}

export function isFileLocked(path: string): boolean {
  return theWorld().disk.isPathLocked(path);
}

import type { Libc } from '../../../src/std/libc.ts';
import { theWorld } from './edge-world.ts';

/** Stands for `src/std/libc.ts`: what is used of it beside the target's stores. */
export function loadLibc(): Pick<Libc, 'tryLock' | 'sync'> {
  const { disk } = theWorld();
  return { tryLock: (fd) => disk.tryLock(fd), sync: (fd) => disk.sync(fd) };
}

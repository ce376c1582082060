import { statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { paths } from '../config/paths.ts';
import type { Problem } from './host-status.ts';

/** What is free in a file system that a failover must write to. */
export interface FreeSpace {
  /** The folder that spare writes to. */
  path: string;
  /** What is written there, as in a sentence. */
  holds: string;
  free_bytes: number;
  size_bytes: number;
  /** `null` for a file system without a fixed number of inodes. */
  freeInodes: number | null;
  /** Below this it is a problem, or below `SMALL_SHARE` of a small file system. */
  wanted_bytes: number;
}

const MiB = 2 ** 20;
/** Journals of 2 × 4 MiB a host, states and evidence, with room for what others write there. */
const STATE_bytes = 256 * MiB;
/** A sparse leg takes space as it is written, and a full pool stops the mirrors of all hosts. */
const POOL_bytes = 1024 * MiB;
/** Locks, notes and the watch's snapshot: small files in memory. */
const RUNTIME_bytes = 16 * MiB;
const SMALL_SHARE = 0.05;
const WANTED_INODES = 1000;

/** Asks the file systems of the state, the pool and the runtime files, each once. What does not exist yet is left out. */
export function freeSpace(poolDirectory: string): FreeSpace[] {
  const { state, runtime } = paths();
  const places = [
    { path: state, holds: 'the states and journals of the hosts', wanted_bytes: STATE_bytes },
    { path: poolDirectory, holds: 'the standby legs', wanted_bytes: POOL_bytes },
    { path: runtime, holds: 'locks and the snapshot of the watch', wanted_bytes: RUNTIME_bytes },
  ];
  const seen = new Set<number>();
  return places.flatMap((place) => {
    const found = spaceAt(place.path);
    if (!found || seen.has(found.device)) return [];
    seen.add(found.device);
    const { device: _, ...space } = found;
    return [{ ...place, ...space }];
  });
}

function spaceAt(
  path: string,
): (Pick<FreeSpace, 'free_bytes' | 'size_bytes' | 'freeInodes'> & { device: number }) | undefined {
  try {
    const { bavail, blocks, bsize, files, ffree } = statfsSync(path);
    return {
      device: statSync(path).dev,
      free_bytes: bavail * bsize,
      size_bytes: blocks * bsize,
      freeInodes: files > 0 ? ffree : null,
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return path === dirname(path) ? undefined : spaceAt(dirname(path));
  }
}

/** Told before it is full: then neither a takeover nor a mirror could write. Pure. */
export function spaceProblems(space: readonly FreeSpace[]): Problem[] {
  return space.filter(isShort).map(({ path, holds, free_bytes, freeInodes }) => {
    const left =
      freeInodes !== null && freeInodes < WANTED_INODES
        ? `${freeInodes} inodes`
        : `${Math.floor(free_bytes / MiB)} MiB`;
    return {
      sentence: `The file system of ${path} is nearly full: ${left} left. A failover must write there (${holds})`,
      command: `df -h ${path}`,
    };
  });
}

function isShort({ free_bytes, size_bytes, freeInodes, wanted_bytes }: FreeSpace): boolean {
  return (
    free_bytes < Math.min(wanted_bytes, size_bytes * SMALL_SHARE) || (freeInodes !== null && freeInodes < WANTED_INODES)
  );
}

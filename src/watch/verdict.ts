import { PROBE_PATHS, type ProbePath, type Samples } from './probe-paths.ts';

/** How often in a row a path has missed, and whether it could be looked at the last time. */
export interface MissCount {
  misses: number;
  known: boolean;
}

export type MissCounts = Readonly<Record<ProbePath, MissCount>>;

/**
 * - `alive`: at least one path answers;
 * - `suspect`: no path answers, and not for the first time;
 * - `dead`: six misses on all of them;
 * - `unknown`: nothing can be said, or not yet.
 */
export type Verdict = 'alive' | 'suspect' | 'dead' | 'unknown';

const SUSPECT_AFTER_MISSES = 2;
export const DEAD_AFTER_MISSES = 6;

const NEVER_SEEN: MissCount = { misses: 0, known: false };

/** Before anything was looked at. */
export const NO_COUNTS: MissCounts = { iscsi: NEVER_SEEN, icmp: NEVER_SEEN, ssh: NEVER_SEEN, service: NEVER_SEEN };

/**
 * The counts after one more look. What is unknown adds nothing: a target that is slow to tell does not make a silent host
 * alive. Where nothing at all is known, as when the standby is cut off, counting begins anew.
 */
export function countMisses(counts: MissCounts, samples: Samples): MissCounts {
  if (PROBE_PATHS.every((path) => samples[path] === 'unknown')) return NO_COUNTS;
  const next: Record<ProbePath, MissCount> = { ...counts };
  for (const path of PROBE_PATHS) {
    const { misses } = counts[path];
    if (samples[path] === 'unknown') next[path] = { misses, known: false };
    else next[path] = { misses: samples[path] === 'answered' ? 0 : misses + 1, known: true };
  }
  return next;
}

/**
 * A host is dead when every path has been looked at and has missed six times in a row. A path of which nothing is known
 * stands in the way: without the target's word, say, mirror writes may still be arriving, and they prove life.
 */
export function verdictOf(counts: MissCounts): Verdict {
  const all = PROBE_PATHS.map((path) => counts[path]);
  const known = all.filter((count) => count.known).map((count) => count.misses);
  if (known.includes(0)) return 'alive';
  if (known.length === all.length && Math.min(...known) >= DEAD_AFTER_MISSES) return 'dead';
  return known.some((misses) => misses >= SUSPECT_AFTER_MISSES) ? 'suspect' : 'unknown';
}

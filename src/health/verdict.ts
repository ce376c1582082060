import { PROBE_PATHS, type ProbePath, type Samples } from './paths.ts';

/** How often in a row each path has missed; `unknown` where nothing can be said. */
export type MissCounts = Readonly<Record<ProbePath, number | 'unknown'>>;

/**
 * - `alive`: at least one path answers;
 * - `suspect`: no path has answered for a while;
 * - `dead`: six misses on all of them;
 * - `unknown`: nothing can be said, since the standby itself cannot look.
 */
export type Verdict = 'alive' | 'suspect' | 'dead' | 'unknown';

const SUSPECT_AFTER_MISSES = 2;
export const DEAD_AFTER_MISSES = 6;

/** Before anything was looked at. */
export const NO_COUNTS: MissCounts = { iscsi: 'unknown', icmp: 'unknown', ssh: 'unknown', service: 'unknown' };

/** The counts after one more look. Only misses that follow each other are added up: what is unknown begins a new row. */
export function countMisses(counts: MissCounts, samples: Samples): MissCounts {
  const next: Record<ProbePath, number | 'unknown'> = { ...counts };
  for (const path of PROBE_PATHS) {
    const before = counts[path];
    if (samples[path] === 'unknown') next[path] = 'unknown';
    else if (samples[path] === 'answered') next[path] = 0;
    else next[path] = before === 'unknown' ? 1 : before + 1;
  }
  return next;
}

/**
 * A host is dead when every path has been looked at and has missed six times in a row. A path of which nothing is known
 * stands in the way: without the target's word, say, mirror writes may still be arriving, and they prove life.
 */
export function verdictOf(counts: MissCounts): Verdict {
  const values = PROBE_PATHS.map((path) => counts[path]);
  const known = values.filter((value) => value !== 'unknown');
  if (known.length === 0) return 'unknown';
  const fewest = Math.min(...known);
  if (fewest < SUSPECT_AFTER_MISSES) return 'alive';
  return known.length === values.length && fewest >= DEAD_AFTER_MISSES ? 'dead' : 'suspect';
}

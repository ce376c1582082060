import { PROBE_PATHS, type ProbePath, type Samples } from './probe-paths.ts';

/** How often in a row a probe has missed, and whether the last probe was possible. */
export interface MissCount {
  misses: number;
  known: boolean;
}

export type MissCounts = Readonly<Record<ProbePath, MissCount>>;

/**
 * - `alive`: at least one probe answers;
 * - `suspect`: no probe answers, for the second time or more;
 * - `dead`: six misses on all of them;
 * - `unknown`: no verdict is possible, or not yet.
 */
export type Verdict = 'alive' | 'suspect' | 'dead' | 'unknown';

const SUSPECT_AFTER_MISSES = 2;
export const DEAD_AFTER_MISSES = 6;

const NEVER_SEEN: MissCount = { misses: 0, known: false };

/** Before the first probe. */
export const NO_COUNTS: MissCounts = { iscsi: NEVER_SEEN, icmp: NEVER_SEEN, ssh: NEVER_SEEN, service: NEVER_SEEN };

/**
 * The counts after one more round. An unknown sample adds nothing: a slow target does not make an unreachable host alive.
 * If nothing at all is known, as when the standby is isolated, counting starts again.
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
 * A host is dead when every probe was possible and missed six times in a row. An unknown probe prevents that verdict: while the
 * target does not answer, for example, mirror writes may still be arriving, and they prove that the host is alive.
 */
export function verdictOf(counts: MissCounts): Verdict {
  const all = PROBE_PATHS.map((path) => counts[path]);
  const known = all.filter((count) => count.known).map((count) => count.misses);
  if (known.includes(0)) return 'alive';
  if (known.length === all.length && Math.min(...known) >= DEAD_AFTER_MISSES) return 'dead';
  return known.some((misses) => misses >= SUSPECT_AFTER_MISSES) ? 'suspect' : 'unknown';
}

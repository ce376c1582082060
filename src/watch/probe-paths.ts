/** The independent probes of a host, run every second. */
export const PROBE_PATHS = ['iscsi', 'icmp', 'ssh', 'service'] as const;
export type ProbePath = (typeof PROBE_PATHS)[number];

/** The result of one probe. `unknown`: the probe itself was not possible, which says nothing about the host. */
export type Sample = 'answered' | 'missed' | 'unknown';

export type Samples = Readonly<Record<ProbePath, Sample>>;

/** A probe gets an answer every second. A later answer is a miss: one second between answers, one for the request, and delays. */
const HEARD_WITHIN_ms = 2500;

/**
 * The sample of a probe whose last answer came at `lastHeardAt` (milliseconds, same clock as `now`). A time from the future, as a target of an
 * older version tells until it is restarted, says nothing.
 */
export function sampleOf(lastHeardAt: number | null, now: number): Sample {
  if (lastHeardAt === null) return 'missed';
  const age_ms = now - lastHeardAt;
  if (!(age_ms >= -HEARD_WITHIN_ms)) return 'unknown';
  return age_ms <= HEARD_WITHIN_ms ? 'answered' : 'missed';
}

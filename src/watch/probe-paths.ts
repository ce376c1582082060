/** The independent ways on which a host is looked at, each second. */
export const PROBE_PATHS = ['iscsi', 'icmp', 'ssh', 'service'] as const;
export type ProbePath = (typeof PROBE_PATHS)[number];

/** What one look along a path gave. `unknown` is when the look itself was not possible: it says nothing about the host. */
export type Sample = 'answered' | 'missed' | 'unknown';

export type Samples = Readonly<Record<ProbePath, Sample>>;

/** Every path gives a sign of life each second. One that is later than this is missed: a second to come, one to be asked for, and delays. */
const HEARD_WITHIN_ms = 2500;

/** The sample of a path whose last sign of life came at `lastHeardAt` (milliseconds, same clock as `now`). */
export function sampleOf(lastHeardAt: number | null, now: number): Sample {
  return lastHeardAt !== null && now - lastHeardAt <= HEARD_WITHIN_ms ? 'answered' : 'missed';
}

import type { Sample } from '../probe-paths.ts';

/** Runs one probe of a host in the background, until it is stopped. It keeps the last answer; others decide what counts as a miss. */
export interface Prober {
  /** Boot time of the last answer in milliseconds; `null` before the first. */
  readonly lastHeardAt: number | null;
  /** The last result, for people. */
  readonly detail: string;
  /** The sample at `now`: `unknown` if the probe itself is not possible, which says nothing about the host. */
  sample(now: number): Sample;
  /** Never throws. Ends, with all its processes, when `signal` does. */
  run(signal: AbortSignal): Promise<void>;
}

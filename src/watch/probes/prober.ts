import type { Sample } from '../probe-paths.ts';

/** Looks at a host along one path, by itself, until it is stopped. It keeps what it has heard; when that is a miss is not its business. */
export interface Prober {
  /** Milliseconds of boot time of the last sign of life; `null` before the first. */
  readonly lastHeardAt: number | null;
  /** What the last look gave, for people. */
  readonly detail: string;
  /** How the path is at `now`: `unknown` where the look itself is not possible, so that silence says nothing about the host. */
  sample(now: number): Sample;
  /** Never throws; ends, with every process it has started, when `signal` does. */
  run(signal: AbortSignal): Promise<void>;
}

import type { TargetRole } from '../case.ts';
import type { Fleet } from '../fleet.ts';
import type { Sandbox } from '../sandbox.ts';
import { median } from '../statistics.ts';
import type { Starter } from '../targets/target.ts';

/** A figure that is no ratio of two alternating loads. */
export interface Extra {
  name: string;
  title: string;
  unit: 'MB' | 'ms' | 'µs' | 'share' | 'ratio' | 'errors';
  /** Of spare. */
  value: number;
  /** Of tgt, where there is one. */
  peer: number | null;
  /** `value` is to be at most this, where one is set. */
  limit: number | null;
}

export interface ExtraOptions {
  size_bytes: number;
  seconds: number;
  runs: number;
}

export interface ExtraContext extends ExtraOptions {
  sandbox: Sandbox;
  fleet: Fleet;
  /** For daemons of its own, whose memory holds nothing of earlier loads. */
  starters: Readonly<Record<TargetRole, Starter>>;
}

export interface ExtraMeasurement {
  measure(context: ExtraContext): Promise<Extra[]>;
  /** About how long it takes. */
  duration_s(options: ExtraOptions): number;
}

/** Runs of figures that need no narrow spread. */
export function fewRuns(runs: number): number {
  return Math.min(runs, 3);
}

/** Medians of the runs of both targets, as shares of something else. */
export function shareOf(name: string, title: string, { subject, peer }: Record<TargetRole, number[]>): Extra {
  return { name, title, unit: 'share', value: median(subject), peer: median(peer), limit: null };
}

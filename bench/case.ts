import type { Client, Measurement } from './clients/client.ts';
import { type Load, ownLoad } from './clients/load.ts';

export const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;
export const OWN_LOAD = 'own load generator';

/** Which of the two running targets a side of a comparison loads. */
export type TargetRole = 'subject' | 'peer';

/** What the two targets serve. */
export type Setup =
  /** A file each, of the size that the run was asked for, filled in writes of so many bytes. @default as a mirror's first copy fills it */
  | { kind: 'file'; fill_bytes?: number }
  /** The same file for both: for loads that only read. */
  | { kind: 'shared-file'; size_bytes: number }
  /** So many targets each, with a file and a CHAP secret each, behind one portal. */
  | { kind: 'hosts'; count: number; size_bytes: number };

export interface Side {
  label: string;
  target: TargetRole;
  client: Client;
  /** The target's processes may run on the first so many processors only. The client may always run on all. */
  processors?: number;
}

export interface Metric {
  name: string;
  title: string;
  unit: 'ops/s' | 'MB/s' | 'µs';
  better: 'higher' | 'lower';
  /** The ratio of subject to baseline that is wanted; `null` where the figure only shows how something scales. */
  goal: number | null;
  value(measurement: Measurement): number;
}

/** A load, the two sides on which it is compared, and what is read from the runs. */
export interface Case {
  name: string;
  client: string;
  setup: Setup;
  subject: Side;
  baseline: Side;
  metrics: readonly Metric[];
  /** Before each run the page cache of the files is dropped: reads come from the disk. */
  dropsCache?: boolean;
  /** @default 1 */
  warmUp_s?: number;
  /** Rows that only show how something scales are worth fewer runs. */
  mostRuns?: number;
}

export function rate(name: string, title: string, goal: number | null, unit: 'ops/s' | 'MB/s' = 'ops/s'): Metric {
  const value =
    unit === 'MB/s'
      ? ({ bytes_per_s }: Measurement) => bytes_per_s / 1e6
      : ({ operations_per_s }: Measurement) => operations_per_s;
  return { name, title, unit, better: 'higher', goal, value };
}

export function slowestP99(name: string, title: string, goal: number | null): Metric {
  const value = ({ latency }: Measurement) => latency?.slowestSessionP99_us ?? Number.NaN;
  return { name: `${name}-p99`, title, unit: 'µs', better: 'lower', goal, value };
}

/** The same load on both targets. A client of its own for each: some remember how fast the last run was. */
export function againstPeer(
  about: Pick<Case, 'name' | 'client' | 'dropsCache' | 'mostRuns' | 'warmUp_s'> & { setup?: Setup },
  make: () => Client,
  metrics: readonly Metric[],
): Case {
  return {
    setup: { kind: 'file' },
    ...about,
    subject: { label: 'spare', target: 'subject', client: make() },
    baseline: { label: 'tgt', target: 'peer', client: make() },
    metrics,
  };
}

/** The subject against itself, with and without something. */
export function againstItself(
  about: Pick<Case, 'name' | 'mostRuns'> & { setup?: Setup },
  subject: { label: string; load: Load; processors?: number },
  baseline: { label: string; load: Load; processors?: number },
  metrics: readonly Metric[],
): Case {
  const sideOf = ({ load, ...others }: typeof subject): Side => ({
    ...others,
    target: 'subject',
    client: ownLoad(load),
  });
  return {
    setup: { kind: 'file' },
    ...about,
    client: OWN_LOAD,
    subject: sideOf(subject),
    baseline: sideOf(baseline),
    metrics,
  };
}

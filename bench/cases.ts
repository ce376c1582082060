import type { Client, Measurement } from './clients/client.ts';
import { iscsiPerf } from './clients/iscsi-perf.ts';
import { ownLoad } from './clients/load.ts';
import { qemuImgBench } from './clients/qemu-img-bench.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const SESSION_COUNTS = [1, 2, 5, 10, 20];
const OPERATION_SIZES_KIB = [4, 16, 64, 256, 1024];

/** Which of the two running targets a side of a comparison loads. */
export type TargetRole = 'subject' | 'peer';

export interface Side {
  label: string;
  target: TargetRole;
  client: Client;
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
  subject: Side;
  baseline: Side;
  metrics: readonly Metric[];
}

const operations = ({ operations_per_s }: Measurement) => operations_per_s;
const megabytes = ({ bytes_per_s }: Measurement) => bytes_per_s / 1e6;

function rate(name: string, title: string, goal: number | null, unit: 'ops/s' | 'MB/s' = 'ops/s'): Metric {
  return { name, title, unit, better: 'higher', goal, value: unit === 'MB/s' ? megabytes : operations };
}

/** The same load on both targets. A client of its own for each: some remember how fast the last run was. */
function againstPeer(name: string, client: string, make: () => Client, metrics: readonly Metric[]): Case {
  return {
    name,
    client,
    subject: { label: 'spare', target: 'subject', client: make() },
    baseline: { label: 'tgt', target: 'peer', client: make() },
    metrics,
  };
}

/** What digests cost: the subject with them, against itself without. */
function digestCost(
  name: string,
  title: string,
  load: Omit<Parameters<typeof ownLoad>[0], 'digests' | 'sessions'>,
): Case {
  return {
    name,
    client: 'own load generator',
    subject: { label: 'with CRC32C', target: 'subject', client: ownLoad({ ...load, sessions: 1, digests: true }) },
    baseline: { label: 'without', target: 'subject', client: ownLoad({ ...load, sessions: 1, digests: false }) },
    metrics: [rate(name, title, 0.8, load.operation_bytes < MIB ? 'ops/s' : 'MB/s')],
  };
}

/** What the target is held to. */
const GOAL_CASES: readonly Case[] = [
  againstPeer('read-4k-d1', 'iscsi-perf', () => iscsiPerf({ operation_bytes: 4 * KIB, depth: 1, random: true }), [
    rate('read-4k-d1', '4 KiB random read, depth 1', 1.6),
  ]),
  againstPeer('read-4k-d32', 'iscsi-perf', () => iscsiPerf({ operation_bytes: 4 * KIB, depth: 32, random: true }), [
    rate('read-4k-d32', '4 KiB random read, depth 32', 3.5),
  ]),
  againstPeer('read-1m-d8', 'iscsi-perf', () => iscsiPerf({ operation_bytes: MIB, depth: 8, random: false }), [
    rate('read-1m-d8', '1 MiB read, depth 8', 2.0, 'MB/s'),
  ]),
  againstPeer('write-4k-d1', 'qemu-img bench', () => qemuImgBench({ operation_bytes: 4 * KIB, depth: 1 }), [
    rate('write-4k-d1', '4 KiB write, depth 1', 1.3),
  ]),
  againstPeer('write-4k-d32', 'qemu-img bench', () => qemuImgBench({ operation_bytes: 4 * KIB, depth: 32 }), [
    rate('write-4k-d32', '4 KiB write, depth 32', 2.0),
  ]),
  againstPeer('write-1m-d8', 'qemu-img bench', () => qemuImgBench({ operation_bytes: MIB, depth: 8 }), [
    rate('write-1m-d8', '1 MiB write, depth 8', 1.8, 'MB/s'),
  ]),
  againstPeer(
    'flush-4k-d1',
    'qemu-img bench',
    () => qemuImgBench({ operation_bytes: 4 * KIB, depth: 1, flushEach: true }),
    [rate('flush-4k-d1', '4 KiB write and flush, depth 1', 1.0)],
  ),
  digestCost('digests-flush-4k-d1', '4 KiB write and flush, depth 1, CRC32C', {
    depth: 1,
    operation_bytes: 4 * KIB,
    readShare: 0,
    flushEach: true,
  }),
  digestCost('digests-read-4k-d32', '4 KiB random read, depth 32, CRC32C', {
    depth: 32,
    operation_bytes: 4 * KIB,
    readShare: 1,
  }),
  digestCost('digests-read-1m-d8', '1 MiB random read, depth 8, CRC32C', {
    depth: 8,
    operation_bytes: MIB,
    readShare: 1,
  }),
  againstPeer(
    'sessions-20',
    'own load generator',
    () => ownLoad({ sessions: 20, depth: 8, operation_bytes: 4 * KIB, readShare: 0.7 }),
    [
      rate('sessions-20', '20 sessions, depth 8, 4 KiB, 70 % reads', 3.0),
      {
        name: 'sessions-20-p99',
        title: 'the slowest of those sessions: p99',
        unit: 'µs',
        better: 'lower',
        goal: 0.33,
        value: ({ latency }) => latency?.slowestSessionP99_us ?? Number.NaN,
      },
    ],
  ),
];

/** How the rate moves with the number of sessions and with the size of an operation. */
const SCALING_CASES: readonly Case[] = [
  ...SESSION_COUNTS.map((sessions) =>
    againstPeer(
      `scale-sessions-${sessions}`,
      'own load generator',
      () => ownLoad({ sessions, depth: 8, operation_bytes: 4 * KIB, readShare: 0.7 }),
      [rate(`scale-sessions-${sessions}`, `${sessions} sessions, depth 8, 4 KiB, 70 % reads`, null)],
    ),
  ),
  ...OPERATION_SIZES_KIB.map((size) =>
    againstPeer(
      `scale-size-${size}k`,
      'own load generator',
      () => ownLoad({ sessions: 1, depth: 8, operation_bytes: size * KIB, readShare: 1 }),
      [rate(`scale-size-${size}k`, `${size} KiB random read, depth 8`, null, 'MB/s')],
    ),
  ),
];

export const CASES: readonly Case[] = [...GOAL_CASES, ...SCALING_CASES];

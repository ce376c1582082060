import type { MetricResult } from './compare.ts';
import type { Extra } from './extras/extra.ts';
import type { MachineFacts } from './machine.ts';

/** All that a run of the benchmark found. `bench/results/latest.json` is one. */
export interface Report {
  schema: 1;
  startedAt: string;
  machine: MachineFacts;
  /** `method`: rows that were measured in another way are not compared with. */
  options: { seconds: number; runs: number; size_bytes: number; method: number };
  metrics: MetricResult[];
  extras: Extra[];
  /** What could not be measured, and why. */
  failures: Array<{ name: string; message: string }>;
}

/** The report for a terminal. */
export function formatReport(report: Report): string {
  const { machine, options } = report;
  const facts = [
    `${machine.processor}, ${machine.processorCount} processors, ${Math.round(machine.memory_bytes / 1e9)} GB, Linux ${machine.kernel}, ${machine.fileSystem}`,
    `Node ${machine.node}, tgt ${machine.tgt}, QEMU ${machine.qemu}, libiscsi ${machine.libiscsi}, commit ${machine.commit}`,
    `file of ${options.size_bytes / 1024 ** 2} MiB, ${options.runs} runs of ${options.seconds} s, load average ${machine.loadAverage.toFixed(2)} at the start`,
  ];
  const rows = report.metrics.map((metric) => [
    metric.title,
    metric.client,
    formatValue(metric.subject.median, metric.unit),
    formatValue(metric.baseline.median, metric.unit),
    metric.ratio.median.toFixed(2),
    `${metric.ratio.minimum.toFixed(2)}–${metric.ratio.maximum.toFixed(2)}`,
    metric.goal === null ? '' : `${metric.better === 'higher' ? '≥' : '≤'} ${metric.goal.toFixed(2)}`,
    metric.reached === null ? '' : metric.reached ? 'yes' : 'no',
    `${metric.cpu_s_per_gib.subject.toFixed(2)} / ${metric.cpu_s_per_gib.baseline.toFixed(2)}`,
    `${metric.client_us.subject.toFixed(1)} / ${metric.client_us.baseline.toFixed(1)}`,
    `${percent(metric.processors.target)} / ${percent(metric.processors.client)} / ${percent(metric.processors.others)}`,
  ]);
  const extras = report.extras.map(({ title, unit, value, peer, limit }) => [
    title,
    formatValue(value, unit),
    peer === null ? '' : formatValue(peer, unit),
    limit === null ? '' : `≤ ${formatValue(limit, unit)}`,
    limit === null ? '' : value <= limit ? 'yes' : 'no',
  ]);
  return [
    ...facts,
    '',
    ...(rows.length === 0 ? [] : [formatTable([HEADINGS, ...rows]), '']),
    ...(extras.length === 0 ? [] : [formatTable([['figure', 'spare', 'tgt', 'goal', 'reached'], ...extras]), '']),
    ...report.failures.map(({ name, message }) => `Not measured: ${name}: ${message}`),
  ].join('\n');
}

const HEADINGS = [
  'work',
  'client',
  'spare',
  'against',
  'ratio',
  'spread',
  'goal',
  'reached',
  'CPU s/GiB',
  'client µs/op',
  'CPU target / client / others',
];

export function formatValue(value: number, unit: MetricResult['unit'] | Extra['unit']): string {
  if (unit === 'share' || unit === 'ratio') return value.toFixed(2);
  const digits = value < 10 && unit !== 'errors' ? 1 : 0;
  return `${value.toFixed(digits).replace(/\B(?=(\d{3})+(?!\d))/g, ',')} ${unit}`;
}

/** Columns as wide as their widest cell, two spaces apart. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

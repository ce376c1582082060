import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { drawChart } from '../../bench/chart.ts';
import { type MetricResult, reaches } from '../../bench/compare.ts';
import { findRegressions, type HistoryRow, historyRow } from '../../bench/history.ts';
import { formatReport, formatTable, formatValue, type Report } from '../../bench/report.ts';

const reports = suite('report of the benchmark');

const flat = (value: number) => ({ median: value, minimum: value, maximum: value });

function metric(change: Partial<MetricResult>): MetricResult {
  return {
    name: 'read',
    title: 'Read <4 KiB>',
    unit: 'ops/s',
    better: 'higher',
    goal: 1.5,
    case: 'read',
    client: 'iscsi-perf',
    labels: { subject: 'spare', baseline: 'tgt' },
    subject: flat(24_000),
    baseline: flat(12_000),
    ratio: { median: 2, minimum: 1.8, maximum: 2.1 },
    reached: true,
    cpu_s_per_gib: { subject: 5, baseline: 10 },
    client_us: { subject: 4, baseline: 5 },
    processors: { target: 0.9, client: 0.5, others: 0.1 },
    ...change,
  };
}

function reportOf(metrics: MetricResult[]): Report {
  return {
    schema: 1,
    startedAt: '2026-01-02T03:04:05.000Z',
    machine: {
      processor: 'Test & Co',
      processorCount: 2,
      memory_bytes: 8e9,
      kernel: '6.1',
      architecture: 'x64',
      node: '26.0.0',
      tgt: '1.0.85',
      qemu: '7.2',
      libiscsi: '1.19',
      fileSystem: 'ext4',
      loadAverage: 0.5,
      commit: 'abc',
    },
    options: { seconds: 3, runs: 5, size_bytes: 1024 ** 3, method: 2 },
    metrics,
    extras: [{ name: 'memory', title: 'memory', unit: 'MB', value: 250, peer: 100, limit: 300 }],
    failures: [{ name: 'other', message: 'it broke' }],
  };
}

reports('a goal is a least ratio for rates and a most for latencies', () => {
  assert.ok(reaches(1.5, 1.5, 'higher'));
  assert.not(reaches(1.49, 1.5, 'higher'));
  assert.ok(reaches(0.33, 0.33, 'lower'));
  assert.not(reaches(0.34, 0.33, 'lower'));
});

reports('values have thousands separated and their unit', () => {
  assert.is(formatValue(1_234_567.8, 'ops/s'), '1,234,568 ops/s');
  assert.is(formatValue(2.04, 'ms'), '2.0 ms');
  assert.is(formatValue(0.456, 'share'), '0.46');
});

reports('a table has columns of one width', () => {
  assert.is(
    formatTable([
      ['a', 'long', 'x'],
      ['wide', 'b', ''],
    ]),
    'a     long  x\nwide  b',
  );
});

reports('the report names facts, figures, goals and what could not be measured', () => {
  const text = formatReport(reportOf([metric({}), metric({ title: 'Slow', reached: false })]));
  assert.match(text, /Test & Co, 2 processors/);
  assert.match(text, /Read <4 KiB> +iscsi-perf +24,000 ops\/s +12,000 ops\/s +2\.00 +1\.80–2\.10 +≥ 1\.50 +yes/);
  assert.match(text, /Slow .* no /);
  assert.match(text, /memory +250 MB +100 MB +≤ 300 MB +yes/);
  assert.match(text, /Not measured: other: it broke/);
});

reports('the picture draws a latency the other way round, so that longer is better everywhere', () => {
  const svg = drawChart(
    reportOf([metric({}), metric({ title: 'p99', better: 'lower', ratio: flat(0.25), goal: 0.5, unit: 'µs' })]),
  );
  assert.match(svg, /^<svg /);
  assert.match(svg, />4\.00<\/text>/);
  assert.match(svg, />Read &lt;4 KiB&gt;<\/text>/);
  assert.match(svg, /Test &amp; Co/);
  assert.not.match(svg, /NaN|Infinity|undefined/);
});

reports('the picture shows how much others are slowed, and what is beyond the limit in another colour', () => {
  const other = { name: 'stuck-disk', unit: 'ratio', peer: null, limit: 2 } as const;
  const drawn = (value: number) =>
    drawChart({ ...reportOf([]), extras: [{ ...other, title: 'others beside a stuck disk', value }] });
  assert.match(drawn(1.25), />others beside a stuck disk<\/text>/);
  assert.match(drawn(1.25), />0\.80<\/text>/);
  assert.is(drawn(1.25).includes('#2e7d5b'), true);
  assert.is(drawn(2.5).includes('#2e7d5b'), false);
});

reports('figures without a goal are not drawn', () => {
  assert.not.match(drawChart(reportOf([metric({ title: 'Scaling', goal: null, reached: null })])), /Scaling/);
});

reports('a ratio that is 15 % worse than the last rows of the same processor is reported', () => {
  const report = reportOf([metric({}), metric({ name: 'p99', title: 'p99', better: 'lower', ratio: flat(0.5) })]);
  const row = (read: number, p99: number, processor = 'Test & Co'): HistoryRow => ({
    ...historyRow(report),
    processor,
    ratios: { read, p99 },
  });
  assert.equal(findRegressions(report, []), []);
  assert.equal(findRegressions(report, [row(2.1, 0.48)]), []);
  assert.equal(findRegressions(report, [row(9, 0.1, 'another')]), []);
  const shorter = { ...row(3, 0.3), options: { ...report.options, seconds: 1 } };
  const otherwise = { ...row(3, 0.3), options: { ...report.options, method: 1 } };
  const { options: _, ...older } = row(3, 0.3);
  assert.equal(findRegressions(report, [shorter, otherwise, older]), [], 'rows with other options say nothing');
  assert.equal(findRegressions(report, [row(3, 0.3), row(3, 0.3), row(1, 1)]), [
    'Read <4 KiB>: ratio 2.00, was 3.00',
    'p99: ratio 0.50, was 0.30',
  ]);
});

reports('a row of the history holds ratios and values by name', () => {
  const row = historyRow(reportOf([metric({})]));
  assert.equal(row.ratios, { read: 2 });
  assert.equal(row.values, { read: 24_000, memory: 250 });
});

reports.run();

import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { Report } from './report.ts';
import { median } from './statistics.ts';

/** Earlier rows that a new one is held against. */
const COMPARED_ROWS = 5;
/** A ratio that is worse by more than this is reported. The spread on a quiet machine is well below it. */
const TOLERANCE = 0.15;

/** One line of `bench/history.jsonl`. */
export interface HistoryRow {
  at: string;
  commit: string;
  node: string;
  processor: string;
  loadAverage: number;
  /** Missing in rows from before they were written. */
  options?: Report['options'];
  ratios: Record<string, number>;
  values: Record<string, number>;
}

export function historyRow({ startedAt, machine, options, metrics, extras }: Report): HistoryRow {
  const { commit, node, processor, loadAverage } = machine;
  return {
    at: startedAt,
    commit,
    node,
    processor,
    loadAverage: round(loadAverage),
    options,
    ratios: Object.fromEntries(metrics.map(({ name, ratio }) => [name, round(ratio.median)])),
    values: Object.fromEntries([
      ...metrics.map(({ name, subject }) => [name, round(subject.median)]),
      ...extras.map(({ name, value }) => [name, round(value)]),
    ]),
  };
}

export function readHistory(path: string): HistoryRow[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as HistoryRow);
}

export function appendHistory(path: string, row: HistoryRow): void {
  appendFileSync(path, `${JSON.stringify(row)}\n`);
}

/**
 * A sentence for each ratio that is worse than the median of the last rows of the same processor with the same options. Ratios, since
 * a machine may be slower as a whole today.
 */
export function findRegressions(report: Report, history: readonly HistoryRow[]): string[] {
  const { machine, options } = report;
  const earlier = history
    .filter((row) => row.processor === machine.processor && isDeepStrictEqual(row.options, options))
    .slice(-COMPARED_ROWS);
  return report.metrics.flatMap(({ name, title, better, ratio }) => {
    const known = earlier.flatMap(({ ratios }) => ratios[name] ?? []);
    if (known.length === 0) return [];
    const usual = median(known);
    const worse = better === 'higher' ? ratio.median < usual * (1 - TOLERANCE) : ratio.median > usual * (1 + TOLERANCE);
    return worse ? [`${title}: ratio ${ratio.median.toFixed(2)}, was ${usual.toFixed(2)}`] : [];
  });
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}

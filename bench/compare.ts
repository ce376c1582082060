import { closeSync, fdatasyncSync, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Case, Metric, Side, TargetRole } from './cases.ts';
import type { Measurement } from './clients/client.ts';
import { type ProcessorUse, processorUse, snapshotProcessors } from './processor-time.ts';
import { median, ratioOfPairs, type Spread, spread } from './statistics.ts';
import type { Target } from './targets.ts';

const GIB = 1024 ** 3;
const WARM_UP_S = 1;
/** A machine on which others use more than this share of one processor is not quiet. */
const QUIET_SHARE = 0.25;
const QUIET_SAMPLE_MS = 500;

export interface CompareOptions {
  seconds: number;
  runs: number;
  /** How long a run may wait for the rest of the machine to become quiet. */
  quietWait_s: number;
}

export interface MetricResult extends Omit<Metric, 'value'> {
  case: string;
  client: string;
  labels: { subject: string; baseline: string };
  subject: Spread;
  baseline: Spread;
  /** Run by run. */
  ratio: Spread;
  reached: boolean | null;
  /** Processor seconds of the target for each GiB moved. */
  cpu_s_per_gib: { subject: number; baseline: number };
  /** Shares of one processor, medians over the runs. `others` is what neither the target nor the client used. */
  processors: { target: number; client: number; others: number };
}

interface Run {
  measurement: Measurement;
  use: ProcessorUse;
}

/** Runs both sides in turn, changing who is first, and reads the metrics of the case from the runs. */
export async function compare(
  { name, client, subject, baseline, metrics }: Case,
  targets: Readonly<Record<TargetRole, Target>>,
  options: CompareOptions,
): Promise<MetricResult[]> {
  const sides = [
    { side: subject, runs: [] as Run[] },
    { side: baseline, runs: [] as Run[] },
  ] as const;
  for (const { side } of sides) await side.client(targets[side.target], WARM_UP_S);
  for (let number = 0; number < options.runs; number++) {
    for (const { side, runs } of number % 2 === 0 ? sides : sides.toReversed()) {
      runs.push(await runOnce(side, targets[side.target], options));
    }
  }
  const [ours, theirs] = [sides[0].runs, sides[1].runs];
  return metrics.map(({ value, ...metric }) => {
    const values = (runs: readonly Run[]) => runs.map(({ measurement }) => value(measurement));
    const ratio = ratioOfPairs(values(ours), values(theirs));
    return {
      ...metric,
      case: name,
      client,
      labels: { subject: subject.label, baseline: baseline.label },
      subject: spread(values(ours)),
      baseline: spread(values(theirs)),
      ratio,
      reached: metric.goal === null ? null : reaches(ratio.median, metric.goal, metric.better),
      cpu_s_per_gib: { subject: processorCost(ours), baseline: processorCost(theirs) },
      processors: {
        target: median(ours.map(({ use }) => use.target_s / use.elapsed_s)),
        client: median(ours.map(({ use }) => use.client_s / use.elapsed_s)),
        others: median([...ours, ...theirs].map(({ use }) => use.others_s / use.elapsed_s)),
      },
    };
  });
}

export function reaches(ratio: number, goal: number, better: Metric['better']): boolean {
  return better === 'higher' ? ratio >= goal : ratio <= goal;
}

async function runOnce(side: Side, target: Target, { seconds, quietWait_s }: CompareOptions): Promise<Run> {
  // What an earlier run left in the page cache would be written during this one.
  const descriptor = openSync(target.file, 'r+');
  fdatasyncSync(descriptor);
  closeSync(descriptor);
  await waitForQuiet(target.pid, quietWait_s);
  const before = snapshotProcessors(target.pid);
  const measurement = await side.client(target, seconds);
  return { measurement, use: processorUse(before, snapshotProcessors(target.pid)) };
}

async function waitForQuiet(pid: number, limit_s: number): Promise<void> {
  for (const deadline = performance.now() + limit_s * 1000; performance.now() < deadline; ) {
    const before = snapshotProcessors(pid);
    await delay(QUIET_SAMPLE_MS);
    const { others_s, elapsed_s } = processorUse(before, snapshotProcessors(pid));
    if (others_s / elapsed_s < QUIET_SHARE) return;
  }
}

function processorCost(runs: readonly Run[]): number {
  return median(runs.map(({ measurement, use }) => (use.target_s / measurement.bytes) * GIB));
}

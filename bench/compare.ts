import { monotonic_ms, systemClock } from '../src/std/clock.ts';
import { type Case, GIB, type Metric, type Side } from './case.ts';
import type { Measurement } from './clients/client.ts';
import { confineTree, usableProcessors } from './confine.ts';
import type { Pair } from './fleet.ts';
import { dropFromCache, synchronise } from './page-cache.ts';
import { type ProcessorUse, processorUse, snapshotProcessors } from './processor-time.ts';
import { median, ratioOfPairs, type Spread, spread } from './statistics.ts';
import type { Target } from './targets/target.ts';

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
  /** Processor time of the client for an operation, in µs. Where it can't tell, its start and its logins are in it. */
  client_us: { subject: number; baseline: number };
  /** Shares of one processor, medians over the runs. `others` is what neither the target nor the client used. */
  processors: { target: number; client: number; others: number };
}

interface Run {
  measurement: Measurement;
  use: ProcessorUse;
}

/** Runs both sides in turn, changing who is first, and reads the metrics of the case from the runs. */
export async function compare(each: Case, targets: Pair, options: CompareOptions): Promise<MetricResult[]> {
  const { name, client, subject, baseline, metrics } = each;
  const sides = [
    { side: subject, runs: [] as Run[] },
    { side: baseline, runs: [] as Run[] },
  ] as const;
  for (const { side } of sides) await side.client(targets[side.target], warmUpOf(each));
  for (let number = 0; number < runsOf(each, options.runs); number++) {
    for (const { side, runs } of number % 2 === 0 ? sides : sides.toReversed()) {
      runs.push(await runOnce(side, each, targets[side.target], options));
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
      client_us: { subject: clientCost(ours), baseline: clientCost(theirs) },
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

/** How long each side is loaded before it is measured. */
export function warmUpOf({ warmUp_s = WARM_UP_S }: Case): number {
  return warmUp_s;
}

/** How often each side of a case is run. */
export function runsOf({ mostRuns = Number.POSITIVE_INFINITY }: Case, runs: number): number {
  return Math.min(runs, mostRuns);
}

async function runOnce(
  { client, processors }: Side,
  { dropsCache = false }: Case,
  target: Target,
  { seconds, quietWait_s }: CompareOptions,
): Promise<Run> {
  for (const { file } of target.hosts) {
    if (dropsCache) await dropFromCache(file);
    else synchronise(file);
  }
  const usable = usableProcessors();
  if (processors !== undefined) await confineTree(target.pid, usable.slice(0, processors));
  try {
    await waitForQuiet(target.pid, quietWait_s);
    const before = snapshotProcessors(target.pid);
    const measurement = await client(target, seconds);
    return { measurement, use: processorUse(before, snapshotProcessors(target.pid)) };
  } finally {
    if (processors !== undefined) await confineTree(target.pid, usable);
  }
}

async function waitForQuiet(pid: number, limit_s: number): Promise<void> {
  for (const deadline = monotonic_ms() + limit_s * 1000; monotonic_ms() < deadline; ) {
    const before = snapshotProcessors(pid);
    await systemClock.sleep(QUIET_SAMPLE_MS);
    const { others_s, elapsed_s } = processorUse(before, snapshotProcessors(pid));
    if (others_s / elapsed_s < QUIET_SHARE) return;
  }
}

function processorCost(runs: readonly Run[]): number {
  return median(runs.map(({ measurement, use }) => (use.target_s / measurement.bytes) * GIB));
}

function clientCost(runs: readonly Run[]): number {
  return median(
    runs.map(({ measurement: { clientCpu_us, bytes, bytes_per_s, operations_per_s }, use }) => {
      return clientCpu_us ?? (use.client_s * 1e6 * bytes_per_s) / (bytes * operations_per_s);
    }),
  );
}

/**
 * Loads a target with many sessions and takes the time of each operation, which `iscsi-perf` and `qemu-img bench` can't do.
 * A separate program, so that it has its own processor. LoadOptions come as JSON on standard input (they hold secrets),
 * and a Measurement is printed as JSON:
 *
 *     node bench/load-generator.ts <options.json
 */
import { readFileSync } from 'node:fs';
import { monotonic_ms, systemClock } from '../src/std/clock.ts';
import type { Measurement } from './clients/client.ts';
import { Histogram } from './histogram.ts';
import { InitiatorSession } from './initiator/session.ts';
import type { LoadedTarget } from './loaded-target.ts';
import { SessionLoad } from './session-load.ts';

export interface LoadOptions {
  host: string;
  port: number;
  /** Sessions go to these in turn. */
  targets: readonly LoadedTarget[];
  seconds: number;
  /** Of all targets together. */
  sessions: number;
  /** Outstanding operations in each session. */
  depth: number;
  operation_bytes: number;
  /** 0 to 1. The others write. */
  readShare: number;
  /** A write counts as done when a SYNCHRONIZE CACHE after it is. */
  flushEach?: boolean;
  /** CRC32C over headers and data. */
  digests?: boolean;
  /** From the last login to the first operation: something may happen to the target meanwhile. @default 0 */
  wait_s?: number;
  /** How long operations may take after the last has begun. @default 10 */
  drain_s?: number;
  /** Sessions that end, and operations that don't, are counted. Otherwise there is no measurement then. */
  countsErrors?: boolean;
}

const LIMITS = { sessions: 64, depth: 128, operation_bytes: 16 * 1024 * 1024, seconds: 600 };
const DRAIN_S = 10;

async function generateLoad(options: LoadOptions): Promise<Measurement> {
  for (const [name, most] of Object.entries(LIMITS) as Array<[keyof typeof LIMITS, number]>) {
    if (!(options[name] > 0 && options[name] <= most)) {
      throw new RangeError(
        `Cannot make a load as '${name}' must be above 0 and at most ${most}: it is ${options[name]}`,
      );
    }
  }
  const { operation_bytes, depth, readShare, flushEach = false, drain_s = DRAIN_S } = options;
  // Not zeroes: a target might treat those in a way of its own.
  const data = Buffer.alloc(operation_bytes, 'spare load generator');
  const sessions: InitiatorSession[] = [];
  const loads: SessionLoad[] = [];
  for (let number = 0; number < options.sessions; number++) {
    const target = options.targets[number % options.targets.length] as LoadedTarget;
    const { host, port, digests = false } = options;
    const session = await InitiatorSession.open({ host, port, ...target, qualifier: number + 1, depth, digests, data });
    sessions.push(session);
    const seed = (number + 1) * 2_654_435_761;
    loads.push(new SessionLoad(session, { depth, operation_bytes, readShare, flushEach, seed }));
  }
  if (options.wait_s !== undefined) await systemClock.sleep(options.wait_s * 1000);
  const start_ms = monotonic_ms();
  const startUse = process.cpuUsage();
  await Promise.all(loads.map((load) => load.run(start_ms + options.seconds * 1000, drain_s * 1000)));
  const use = process.cpuUsage(startUse);
  const elapsed_s = (monotonic_ms() - start_ms) / 1000;
  if (options.countsErrors !== true) complain(loads);
  await Promise.all(sessions.map((session) => session.close()));

  const all = new Histogram();
  for (const { histogram } of loads) all.add(histogram);
  const unfinished = loads.reduce((sum, load) => sum + load.unfinished, 0);
  const finished = all.count - unfinished;
  const operations_per_s = finished / elapsed_s;
  return {
    operations_per_s,
    bytes_per_s: operations_per_s * operation_bytes,
    bytes: finished * operation_bytes,
    clientCpu_us: finished === 0 ? 0 : (use.user + use.system) / finished,
    latency: {
      p50_us: all.percentile_us(0.5),
      p99_us: all.percentile_us(0.99),
      slowestSessionP99_us: Math.max(...loads.map(({ histogram }) => histogram.percentile_us(0.99))),
    },
    errors: loads.filter(({ error }) => error !== null).length + unfinished,
  };
}

function complain(loads: readonly SessionLoad[]): void {
  for (const { error, unfinished } of loads) {
    if (error !== null) throw error;
    if (unfinished > 0) throw new Error(`${unfinished} operations of a session have no answer`);
  }
}

if (import.meta.main) {
  try {
    console.log(JSON.stringify(await generateLoad(JSON.parse(readFileSync(0, 'utf8')) as LoadOptions)));
  } catch (error) {
    console.error((error as Error).message);
    process.exit(1);
  }
}

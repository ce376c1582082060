/**
 * Loads a target with many sessions and takes the time of each operation, which `iscsi-perf` and `qemu-img bench` can't do.
 * A program of its own, so that it has a processor of its own:
 *
 *     node bench/load-generator.ts '<LoadOptions as JSON>'      prints a Measurement as JSON
 */
import type { Measurement } from './clients/client.ts';
import { Histogram } from './histogram.ts';
import { InitiatorSession } from './initiator/session.ts';

export interface LoadOptions {
  host: string;
  port: number;
  iqn: string;
  seconds: number;
  sessions: number;
  /** Operations under way in each session. */
  depth: number;
  operation_bytes: number;
  /** 0 to 1. The others write. */
  readShare: number;
  /** A write counts as done when a SYNCHRONIZE CACHE after it is. */
  flushEach?: boolean;
  /** CRC32C over headers and data. */
  digests?: boolean;
}

const LIMITS = { sessions: 64, depth: 128, operation_bytes: 16 * 1024 * 1024, seconds: 600 };

class Worker {
  readonly histogram = new Histogram();
  readonly #session: InitiatorSession;
  readonly #options: LoadOptions;
  readonly #data: Buffer;
  readonly #blocks: number;
  readonly #places: number;
  #random: number;
  #underWay = 0;
  #end_ms = 0;
  #finish: () => void = () => {};

  constructor(session: InitiatorSession, options: LoadOptions, data: Buffer, seed: number) {
    this.#session = session;
    this.#options = options;
    this.#data = data;
    this.#blocks = options.operation_bytes / session.block_bytes;
    this.#places = Math.floor(session.blockCount / this.#blocks);
    this.#random = seed;
  }

  /** Resolves when the last operation is done, rejects when one fails. */
  run(end_ms: number): Promise<void> {
    this.#end_ms = end_ms;
    this.#session.startLoad();
    return new Promise((resolve, reject) => {
      this.#finish = resolve;
      this.#session.onError = reject;
      this.#underWay = this.#options.depth;
      this.#session.batch(() => {
        for (let slot = 0; slot < this.#options.depth; slot++) this.#next(slot);
      });
    });
  }

  #next(slot: number): void {
    const start_ms = performance.now();
    if (start_ms >= this.#end_ms) {
      this.#underWay--;
      if (this.#underWay === 0) this.#finish();
      return;
    }
    const done = () => {
      this.histogram.record(performance.now() - start_ms);
      this.#next(slot);
    };
    const lba = Math.floor(this.#draw() * this.#places) * this.#blocks;
    if (this.#draw() < this.#options.readShare) {
      this.#session.read(slot, lba, this.#blocks, done);
    } else if (this.#options.flushEach === true) {
      this.#session.write(slot, lba, this.#data, () => this.#session.flush(slot, done));
    } else {
      this.#session.write(slot, lba, this.#data, done);
    }
  }

  /** xorshift32 (Marsaglia 2003): evenly spread from 0 to 1, the same in each run. */
  #draw(): number {
    let x = this.#random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#random = x;
    return (x >>> 0) / 2 ** 32;
  }
}

async function generateLoad(options: LoadOptions): Promise<Measurement> {
  for (const [name, most] of Object.entries(LIMITS) as Array<[keyof typeof LIMITS, number]>) {
    if (!(options[name] > 0 && options[name] <= most)) {
      throw new RangeError(
        `Cannot make a load as '${name}' must be above 0 and at most ${most}: it is ${options[name]}`,
      );
    }
  }
  // Not zeroes: a target might treat those in a way of its own.
  const data = Buffer.alloc(options.operation_bytes, 'spare load generator');
  const workers: Worker[] = [];
  const sessions: InitiatorSession[] = [];
  for (let number = 1; number <= options.sessions; number++) {
    const session = await InitiatorSession.open({
      ...options,
      initiatorName: 'iqn.2026-01.example.bench:load-generator',
      qualifier: number,
      digests: options.digests ?? false,
    });
    sessions.push(session);
    workers.push(new Worker(session, options, data, number * 2_654_435_761));
  }
  const start_ms = performance.now();
  await Promise.all(workers.map((worker) => worker.run(start_ms + options.seconds * 1000)));
  const elapsed_s = (performance.now() - start_ms) / 1000;
  await Promise.all(sessions.map((session) => session.close()));

  const all = new Histogram();
  for (const worker of workers) all.add(worker.histogram);
  const operations_per_s = all.count / elapsed_s;
  return {
    operations_per_s,
    bytes_per_s: operations_per_s * options.operation_bytes,
    bytes: all.count * options.operation_bytes,
    latency: {
      p50_us: all.percentile_us(0.5),
      p99_us: all.percentile_us(0.99),
      slowestSessionP99_us: Math.max(...workers.map((worker) => worker.histogram.percentile_us(0.99))),
    },
  };
}

if (import.meta.main) {
  const options = JSON.parse(process.argv[2] ?? '{}') as LoadOptions;
  try {
    console.log(JSON.stringify(await generateLoad(options)));
  } catch (error) {
    console.error((error as Error).message);
    process.exit(1);
  }
}

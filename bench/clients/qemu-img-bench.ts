import { execa } from 'execa';
import { type TargetAddress, urlOf } from '../targets/target.ts';
import { CLIENT_GRACE_S, type Client } from './client.ts';

/** `qemu-img bench` is bounded by a count, not by a time: a short first run tells how many fit. */
const FIRST_RUN_BYTES = 64 * 1024 * 1024;
const FIRST_RUN_OPERATIONS = { least: 64, most: 1_000 };
const MAXIMUM_OPERATIONS = 2_000_000;

export interface QemuImgLoad {
  operation_bytes: number;
  depth: number;
  /** A flush after each write: only at depth 1. */
  flushEach?: boolean;
}

/** `qemu-img bench`, which writes one operation after the other through the image and starts again at its end. */
export function qemuImgBench(load: QemuImgLoad): Client {
  const rates = new Map<string, number>();
  return async (target, seconds) => {
    const url = urlOf(target);
    const known = rates.get(url) ?? (await run(target, load, firstCount(load), CLIENT_GRACE_S));
    const count = Math.min(MAXIMUM_OPERATIONS, Math.max(load.depth, Math.round(known * seconds)));
    const operations_per_s = await run(target, load, count, seconds + CLIENT_GRACE_S);
    rates.set(url, operations_per_s);
    const bytes_per_s = operations_per_s * load.operation_bytes;
    return { operations_per_s, bytes_per_s, bytes: count * load.operation_bytes };
  };
}

function firstCount({ operation_bytes }: QemuImgLoad): number {
  const { least, most } = FIRST_RUN_OPERATIONS;
  return Math.max(least, Math.min(most, Math.round(FIRST_RUN_BYTES / operation_bytes)));
}

async function run(target: TargetAddress, load: QemuImgLoad, count: number, timeout_s: number): Promise<number> {
  const flush = load.flushEach === true ? ['--flush-interval=1'] : [];
  const size = String(load.operation_bytes);
  // `-t none`: QEMU adds no flush of its own to each write. Its default pattern is zeroes, which a thin store may treat in a way of its own.
  const fixed = ['bench', '-f', 'raw', '-w', '-t', 'none', '--pattern=165'];
  const args = [...fixed, '-c', String(count), '-d', String(load.depth), '-s', size];
  const { stdout } = await execa('qemu-img', [...args, ...flush, urlOf(target)], {
    timeout: timeout_s * 1000,
    killSignal: 'SIGKILL',
    stdin: 'ignore',
  });
  return count / parseQemuImgBench(stdout);
}

/**
 * Seconds that the operations took, the login not counted.
 * @throws {Error} where it names none.
 */
export function parseQemuImgBench(stdout: string): number {
  const seconds = Number(/^Run completed in ([\d.]+) seconds\.$/m.exec(stdout)?.[1] ?? 0);
  if (!(seconds > 0)) throw new Error(`Cannot read a time from qemu-img bench: ${stdout.slice(-200).trim()}`);
  return seconds;
}

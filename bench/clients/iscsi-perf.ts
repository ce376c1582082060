import { execa } from 'execa';
import { urlOf } from '../targets/target.ts';
import { CLIENT_GRACE_S, type Client } from './client.ts';

const BLOCK_BYTES = 512;

export interface IscsiPerfLoad {
  operation_bytes: number;
  depth: number;
  random: boolean;
}

/** libiscsi's `iscsi-perf`: it only reads. */
export function iscsiPerf({ operation_bytes, depth, random }: IscsiPerfLoad): Client {
  return async (target, seconds) => {
    const blocks = String(operation_bytes / BLOCK_BYTES);
    const args = ['-b', blocks, '-m', String(depth), '-t', String(Math.ceil(seconds)), ...(random ? ['-r'] : [])];
    const { stdout } = await execa('iscsi-perf', [...args, urlOf(target)], {
      timeout: (seconds + CLIENT_GRACE_S) * 1000,
      killSignal: 'SIGKILL',
      stdin: 'ignore',
    });
    const operations_per_s = parseIscsiPerf(stdout);
    const bytes_per_s = operations_per_s * operation_bytes;
    return { operations_per_s, bytes_per_s, bytes: bytes_per_s * Math.ceil(seconds) };
  };
}

/**
 * Operations a second over the whole run. It rewrites its one line with carriage returns and prints the final average last.
 * @throws {Error} where there is none, or it is 0.
 */
export function parseIscsiPerf(stdout: string): number {
  const last = [...stdout.matchAll(/iops average (\d+) \(/g)].at(-1);
  const rate = Number(last?.[1] ?? 0);
  if (rate === 0 || !stdout.includes('finished.')) {
    throw new Error(`Cannot read a rate from iscsi-perf: ${stdout.slice(-200).trim()}`);
  }
  return rate;
}

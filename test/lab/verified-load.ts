import { quoteForShell } from './secure-shell.ts';
import type { VirtualMachine } from './virtual-machine.ts';

const TIMEOUT_MS = 240_000;

/** One job of fio's: names and values as in fio(1). */
export type FioJob = Readonly<Record<string, string>>;

export interface FioResult {
  name: string;
  /** An errno; EILSEQ where what was read is not what had been written. */
  error: number;
  read_bytes: number;
  written_bytes: number;
  flushes: number;
}

interface FioOutput {
  jobs: {
    jobname: string;
    error: number;
    read: { io_bytes: number };
    write: { io_bytes: number };
    sync: { total_ios: number };
  }[];
}

/**
 * Runs the jobs side by side on a disk. Each block is written with a checksum of its content and its place, and when a job has written all of
 * its own, it reads every one of them back and compares. Each job needs a part of the disk of its own (`offset`, `size`).
 */
export async function verifiedLoad(
  machine: VirtualMachine,
  disk: string,
  jobs: Readonly<Record<string, FioJob>>,
): Promise<FioResult[]> {
  const common = { filename: disk, verify: 'crc32c', verify_fatal: '1', 'output-format': 'json' };
  const option = ([name, value]: [string, string]) => `--${name}=${value}`;
  const argv = [
    ...Object.entries(common).map(option),
    ...Object.entries(jobs).flatMap(([name, job]) => [`--name=${name}`, ...Object.entries(job).map(option)]),
  ];
  const { stdout, stderr } = await machine.shell.run(`fio ${argv.map(quoteForShell).join(' ')}`, {
    timeout_ms: TIMEOUT_MS,
    acceptFailure: true,
  });
  // Notes of fio's stand before the JSON value.
  const begin = stdout.indexOf('{');
  if (begin < 0) throw new Error(`Cannot run fio on ${disk}: ${stderr}${stdout}`);
  return (JSON.parse(stdout.slice(begin)) as FioOutput).jobs.map(({ jobname, error, read, write, sync }) => ({
    name: jobname,
    error,
    read_bytes: read.io_bytes,
    written_bytes: write.io_bytes,
    flushes: sync.total_ios,
  }));
}

import { readFileSync } from 'node:fs';
import { NotMeasurableError } from './not-measurable-error.ts';
import { processTree } from './processor-time.ts';
import type { Target } from './targets/target.ts';

/** Whether a command line, as `/proc/<pid>/cmdline` has it, has the host's name as a word of its own. */
export function namesHost(commandLine: string, host: string): boolean {
  return commandLine.split('\0').some((word) => word === host || word.endsWith(`=${host}`));
}

/**
 * The process of a daemon that serves this host and no other.
 * @throws {NotMeasurableError} where there is none.
 */
export function workerOf({ pid }: Target, host: string): number {
  const worker = processTree(pid)
    .slice(1)
    .find((process) => namesHost(commandLineOf(process.pid), host));
  if (worker === undefined) throw new NotMeasurableError('one process serves all');
  return worker.pid;
}

function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // It ended meanwhile.
    return '';
  }
}

import { readFileSync } from 'node:fs';
import { execa } from 'execa';
import { processTree } from './processor-time.ts';

const COMMAND_TIMEOUT_MS = 10_000;

/** A list of processors as the kernel writes it: `0-2,5`. */
export function parseProcessorList(text: string): number[] {
  return text
    .trim()
    .split(',')
    .filter(Boolean)
    .flatMap((range) => {
      const [first = 0, last = first] = range.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    });
}

/** The processors that this process may use. */
export function usableProcessors(): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return parseProcessorList(list ?? '0');
}

/** Lets a process, all that descend from it and all their threads run on these processors only. */
export async function confineTree(pid: number, processors: readonly number[]): Promise<void> {
  for (const process of processTree(pid)) {
    const args = ['--all-tasks', '--cpu-list', '--pid', processors.join(','), String(process.pid)];
    await execa('taskset', args, { timeout: COMMAND_TIMEOUT_MS });
  }
}

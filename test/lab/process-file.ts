import { readFileSync } from 'node:fs';

/**
 * The id in `file` if that process runs and has `marker` as a word of its command line, so that an id which was given to
 * another process after ours ended is never signalled.
 */
export function runningProcess(file: string, marker: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return commandLine.split('\0').includes(marker) ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Whether nothing of the process is left, its locks on files included: its command line goes before those do. */
export function hasEnded(pid: number): boolean {
  try {
    // proc(5): the state follows the name, which stands in brackets and may contain anything.
    return /\) [ZX] [^)]*$/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

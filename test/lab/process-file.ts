import { readFileSync } from 'node:fs';

/**
 * The id in `file` if that process runs and a word of its command line ends in `marker`, so that an id which was given to
 * another process after ours ended is never signalled.
 */
export function runningProcess(file: string, marker: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return words.some((word) => word.endsWith(marker)) ? pid : undefined;
  } catch {
    return undefined;
  }
}

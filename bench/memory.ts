import { readFileSync } from 'node:fs';
import { processTree } from './processor-time.ts';

const SAMPLE_INTERVAL_MS = 50;

/** A field of `/proc/<pid>/status` that is in kB, in bytes. 0 where it is missing (a process that is ending has none). */
export function parseStatusBytes(status: string, field: 'VmRSS' | 'VmHWM'): number {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status);
  return Number(match?.[1] ?? 0) * 1024;
}

/** Resident memory of a process and its descendants, in bytes. Pages they share count for each of them. */
export function residentBytes(pid: number): number {
  return processTree(pid).reduce((sum, times) => sum + statusBytes(times.pid, 'VmRSS'), 0);
}

/** Watches the resident memory of a process tree until stopped. */
export class MemoryWatch {
  readonly #pid: number;
  readonly #timer: NodeJS.Timeout;
  #peak_bytes = 0;

  constructor(pid: number) {
    this.#pid = pid;
    this.#timer = setInterval(() => this.#sample(), SAMPLE_INTERVAL_MS);
  }

  /**
   * The highest resident memory in bytes: of the samples, and for a single process also the kernel's own record,
   * which misses no peak.
   */
  stop(): number {
    clearInterval(this.#timer);
    this.#sample();
    return Math.max(this.#peak_bytes, statusBytes(this.#pid, 'VmHWM'));
  }

  #sample(): void {
    this.#peak_bytes = Math.max(this.#peak_bytes, residentBytes(this.#pid));
  }
}

function statusBytes(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  try {
    return parseStatusBytes(readFileSync(`/proc/${pid}/status`, 'utf8'), field);
  } catch {
    return 0;
  }
}

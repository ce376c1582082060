import { readFileSync } from 'node:fs';
import { systemClock, type Timer } from '../src/std/clock.ts';
import { processTree } from './processor-time.ts';

/** A sample walks the page tables of each process, which costs milliseconds: often enough for a load of seconds. */
const SAMPLE_INTERVAL_MS = 100;

/** `Pss` of `/proc/<pid>/smaps_rollup` in bytes: pages that several processes share count for each in part. proc_pid_smaps(5). */
export function parsePss(rollup: string): number {
  const match = /^Pss:\s+(\d+) kB$/m.exec(rollup);
  return Number(match?.[1] ?? 0) * 1024;
}

/** Memory of a process and all that descend from it, in bytes. Their sum is what they take of the machine: nothing counts twice. */
export function memoryOf(pid: number): number {
  return processTree(pid).reduce((sum, times) => sum + pssBytes(times.pid), 0);
}

/** Watches the memory of a process tree until stopped. */
export class MemoryWatch {
  readonly #pid: number;
  readonly #timer: Timer;
  #peak_bytes = 0;

  constructor(pid: number) {
    this.#pid = pid;
    this.#timer = systemClock.every(SAMPLE_INTERVAL_MS, () => this.#sample());
  }

  /** The highest sample in bytes. */
  stop(): number {
    this.#timer.stop();
    this.#sample();
    return this.#peak_bytes;
  }

  #sample(): void {
    this.#peak_bytes = Math.max(this.#peak_bytes, memoryOf(this.#pid));
  }
}

function pssBytes(pid: number): number {
  try {
    return parsePss(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
  } catch {
    // It ended meanwhile.
    return 0;
  }
}

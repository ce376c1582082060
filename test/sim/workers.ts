import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Found } from './shrink.ts';

export interface Batch {
  /** Of the first schedule. */
  seed: number;
  schedules: number;
  /** Do not shrink what is found. */
  quick: boolean;
  /** Rules that are not checked, so that others are broken first. */
  except: string;
}

export interface Findings {
  found: Found[];
  steps: number;
}

/** How many schedules a worker runs before it is replaced: so that each has its share of slow ones. */
const BATCH = 125;

/** Runs schedules in worker processes. */
export async function runBatches(batch: Batch, jobs: number): Promise<Findings> {
  const waiting = batchesOf(batch);
  const all: Findings = { found: [], steps: 0 };
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const { found, steps } = await runWorker(next, join(import.meta.dirname, 'cli.ts'));
      all.found.push(...found);
      all.steps += steps;
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return { ...all, found: all.found.toSorted((a, b) => a.seed - b.seed) };
}

function batchesOf({ seed, schedules, ...others }: Batch): Batch[] {
  return Array.from({ length: Math.ceil(schedules / BATCH) }, (_, index) => ({
    seed: seed + index * BATCH,
    schedules: Math.min(BATCH, schedules - index * BATCH),
    ...others,
  }));
}

/** @param program The simulation's own, or that of a copy of the tree. */
export async function runWorker({ seed, schedules, quick, except }: Batch, program: string): Promise<Findings> {
  const args = [
    program,
    '--worker',
    '--seed',
    String(seed),
    '--schedules',
    String(schedules),
    '--except',
    except,
    ...(quick ? ['--quick'] : []),
  ];
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const findings: Findings = { found: [], steps: 0 };
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
  for await (const line of createInterface({ input: child.stdout })) {
    const { found, steps } = JSON.parse(line) as Partial<{ found: Found; steps: number }>;
    if (found) findings.found.push(found);
    findings.steps += steps ?? 0;
  }
  const code = await closed;
  if (code !== 0) throw new Error(`A worker of the simulation failed (seed ${seed}): ${errors}`);
  return findings;
}

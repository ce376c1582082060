import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MUTATIONS, type Mutation } from './mutation-table.ts';
import { runWorker } from './workers.ts';

export interface MutationResult {
  name: string;
  file: string;
  /** The seed of the schedule that found it. */
  caughtBy: number | null;
}

const ROOT = join(import.meta.dirname, '..', '..');
const BATCH = 25;
/** What a run of the simulation reads. */
const PARTS = ['src', 'templates', 'test/sim', 'test/fixtures', 'package.json'];

/**
 * Runs up to so many schedules on copies of the tree, each with one fault in the code. A schedule counts if it finds nothing in the code as it
 * is.
 */
export async function runMutations(
  { jobs, schedules }: { jobs: number; schedules: number },
  tell: (line: string) => void,
): Promise<MutationResult[]> {
  const before = new Baseline();
  const waiting = [...MUTATIONS];
  const results: MutationResult[] = [];
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const { name, file } = next;
      const caughtBy = await findMutation(next, before, schedules);
      tell(`${caughtBy === null ? 'NOT FOUND' : `seed ${caughtBy}`}  ${name} (${file})`);
      results.push({ name, file, caughtBy });
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return MUTATIONS.flatMap(({ name }) => results.find((result) => result.name === name) ?? []);
}

/** The code with the fault. @throws Error if the place is not there exactly once. */
export function mutated({ name, find, replace }: Mutation, code: string): string {
  const parts = code.split(find);
  if (parts.length !== 2)
    throw new Error(`The mutation '${name}' needs its place exactly once: found ${parts.length - 1}`);
  return parts.join(replace);
}

async function findMutation(mutation: Mutation, before: Baseline, limit: number): Promise<number | null> {
  const folder = mkdtempSync(join(tmpdir(), 'spare-mutation-'));
  try {
    for (const part of PARTS) cpSync(join(ROOT, part), join(folder, part), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    const file = join(folder, mutation.file);
    writeFileSync(file, mutated(mutation, readFileSync(file, 'utf8')));
    const program = join(folder, 'test/sim/cli.ts');
    for (let seed = 1; seed <= limit; seed += BATCH) {
      const known = await before.seeds(seed);
      const found = (await seedsOf(seed, program)).find((each) => !known.has(each));
      if (found !== undefined) return found;
    }
    return null;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The seeds of a batch whose schedules find something. */
async function seedsOf(first: number, program: string): Promise<number[]> {
  const { found } = await runWorker({ seed: first, schedules: BATCH, quick: true, except: '' }, program);
  return found.map(({ seed }) => seed).toSorted((a, b) => a - b);
}

/** What the code as it is does, batch by batch. */
class Baseline {
  readonly #batches = new Map<number, Promise<ReadonlySet<number>>>();

  seeds(first: number): Promise<ReadonlySet<number>> {
    const known = this.#batches.get(first);
    if (known) return known;
    const seeds = seedsOf(first, join(import.meta.dirname, 'cli.ts')).then((found) => new Set(found));
    this.#batches.set(first, seeds);
    return seeds;
  }
}

import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { installPackages } from '../lab/packages.ts';

/** A search of the model's states. */
export interface Search {
  /** Names that the model knows: bounds, features, or a mutation. */
  defines: readonly string[];
  /**
   * `exhaustive`: depth first, with little memory for a state. `shortest`: breadth first, so the first error has the fewest steps.
   * `progress`: depth first, and a cycle without progress is an error, too.
   */
  order: 'exhaustive' | 'shortest' | 'progress';
  /** Ends a search that takes too long. It is then not complete. */
  timeout_s: number;
}

export interface SearchResult {
  /** Every state was visited, up to the first error. */
  complete: boolean;
  states: number;
  /** What was violated first. `undefined`: nothing. */
  error?: string;
  /** The length of the way to it, in steps. */
  depth?: number;
}

const MEMORY_MIB = 12_288;
const MAX_DEPTH = 5_000_000;
const COMPILE_TIMEOUT_ms = 120_000;
const PROTOCOL = join(import.meta.dirname, 'protocol');
const PACKAGES = [
  { package: 'spin', command: 'spin' },
  { package: 'gcc', command: 'gcc' },
  { package: 'libc6-dev', file: '/usr/include/stdlib.h' },
] as const;

/** Makes sure that spin and a compiler are installed. @throws MissingPackagesError */
export async function installSpin(tell?: (line: string) => void): Promise<void> {
  await installPackages(PACKAGES, tell);
}

/**
 * Lets spin make a program of the model that visits its states, and runs that, bounded in time and memory.
 * @throws where the model does not compile.
 */
export async function search({ defines, order, timeout_s }: Search): Promise<SearchResult> {
  const folder = mkdtempSync(join(tmpdir(), 'spare-model-'));
  try {
    for (const file of readdirSync(PROTOCOL)) cpSync(join(PROTOCOL, file), join(folder, file));
    await compile(folder, defines, order);
    const { stdout } = await execa(
      'nice',
      ['-n', '5', './pan', '-E', `-m${MAX_DEPTH}`, ...(order === 'progress' ? ['-l'] : [])],
      {
        cwd: folder,
        reject: false,
        timeout: timeout_s * 1000,
        stdin: 'ignore',
      },
    );
    return parseSearch(stdout);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compile(folder: string, defines: readonly string[], order: Search['order']): Promise<void> {
  const options = { cwd: folder, timeout: COMPILE_TIMEOUT_ms, all: true } as const;
  const { all } = await execa('spin', [...defines.map((name) => `-D${name}`), '-a', 'spare.pml'], options);
  if (/error/i.test(all)) throw new Error(`Cannot compile the model: ${all}`);
  const kind = { exhaustive: ['-DSAFETY'], shortest: ['-DSAFETY', '-DBFS'], progress: ['-DNP', '-DNOFAIR'] }[order];
  await execa('gcc', ['-O2', '-DCOLLAPSE', `-DMEMLIM=${MEMORY_MIB}`, ...kind, '-o', 'pan', 'pan.c'], options);
}

/** What the program printed. One that was ended printed no count of states, or says that it is not complete. */
export function parseSearch(output: string): SearchResult {
  const states = Number(/(\d+) states, stored/.exec(output)?.[1] ?? 0);
  const [, error, depth] = /^pan:\d+: (.*) \(at depth (\d+)\)/m.exec(output) ?? [];
  const complete =
    states > 0 && !/Search not completed|max search depth too small|out of memory|memory limit/.test(output);
  return { complete, states, ...(error !== undefined && { error: error.trim(), depth: Number(depth) }) };
}

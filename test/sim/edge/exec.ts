import type { LocalExecOptions } from '../../../src/machine/exec.ts';
import type { ExecResult } from '../../../src/machine/machine.ts';
import { SpareError } from '../../../src/std/errors.ts';
import { answered } from '../world/process.ts';
import { theWorld } from './edge-world.ts';

const DEFAULT_TIMEOUT_ms = 60_000;

/** Stands for `src/machine/exec.ts`: commands run in the simulated world. */
export async function execLocal(argv: readonly string[], options: LocalExecOptions = {}): Promise<ExecResult> {
  const timeout_ms = options.timeout_ms ?? DEFAULT_TIMEOUT_ms;
  const shown = options.shownAs ?? argv.join(' ').slice(0, 80);
  const words = options.environment?.SPARE_HOST === undefined ? argv : [...argv, options.environment.SPARE_HOST];
  const result = await answered(() => theWorld().exec(words, options.input ?? '', timeout_ms));
  const hint = 'Run that command by hand on that machine to see more';
  if (!result) {
    throw new SpareError('stepFailed', 'COMMAND_TIMEOUT', `'${shown}' did not finish within ${timeout_ms / 1000} s`, {
      hint,
    });
  }
  if (result.exitCode === 0 || options.acceptExitCodes?.includes(result.exitCode)) return result;
  throw new SpareError(
    'stepFailed',
    'COMMAND_FAILED',
    `'${shown}' failed with exit code ${result.exitCode}: ${result.stderr}`,
    { hint },
  );
}

export function execLines(argv: readonly string[], signal: AbortSignal): AsyncGenerator<string, void> {
  return converse(argv, signal).lines;
}

export function converse(argv: readonly string[], signal: AbortSignal) {
  const lines: string[] = [];
  let ended = signal.aborted;
  let wake: () => void = () => {};
  const end = () => {
    ended = true;
    wake();
  };
  const take = (line: string) => {
    lines.push(line);
    wake();
  };
  const command = theWorld().open(argv, take, end);
  signal.addEventListener('abort', end, { once: true });
  async function* read(): AsyncGenerator<string, void> {
    try {
      while (!signal.aborted) {
        const line = lines.shift();
        if (line !== undefined) yield line;
        else if (ended) return;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      signal.removeEventListener('abort', end);
      command.close();
    }
  }
  return { lines: read(), ask: (line: string) => command.write(line), end };
}

import { join } from 'node:path';
import { runCommandLine } from '../../src/cli/run-command-line.ts';

const root = join(import.meta.dirname, '..', '..');

export interface CommandOutcome {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Runs a command line in this process, as `src/main.ts` does. What it leaves behind in the process is taken away again. */
export async function runInProcess(...args: string[]): Promise<CommandOutcome> {
  const written = { stdout: '', stderr: '' };
  const real = { stdout: process.stdout.write, stderr: process.stderr.write, exitCode: process.exitCode };
  const signals = ['SIGINT', 'SIGTERM'] as const;
  const listeners = signals.map((signal) => process.listeners(signal));
  for (const name of ['stdout', 'stderr'] as const) {
    process[name].write = ((chunk: string | Uint8Array, ...rest: unknown[]) => {
      written[name] += chunk.toString();
      const done = rest.find((argument) => typeof argument === 'function') as (() => void) | undefined;
      done?.();
      return true;
    }) as typeof process.stdout.write;
  }
  process.exitCode = 0;
  try {
    await runCommandLine(args, root);
    return { exitCode: Number(process.exitCode ?? 0), ...written };
  } finally {
    process.stdout.write = real.stdout;
    process.stderr.write = real.stderr;
    process.exitCode = real.exitCode;
    for (const [index, signal] of signals.entries()) {
      for (const listener of process.listeners(signal)) {
        if (!listeners[index]?.includes(listener)) process.off(signal, listener);
      }
    }
  }
}

import { execa } from 'execa';
import { SpareError } from '../std/errors.ts';
import type { Conversation, ExecOptions, ExecResult } from './machine.ts';
import { shownCommand } from './program.ts';

const DEFAULT_TIMEOUT_ms = 60_000;
/** Between SIGTERM and SIGKILL. */
const KILL_AFTER_ms = 5_000;
/** No command that spare runs prints more: the bitmap of a 64 TiB volume in base64 is smaller. */
const OUTPUT_LIMIT_bytes = 256 * 1024 * 1024;
/** How much of a failed command's output is quoted in the message. */
const TOLD_OUTPUT_characters = 600;

export interface LocalExecOptions extends ExecOptions {
  /** Added to the environment. */
  environment?: Readonly<Record<string, string>>;
  /** The name of the command in messages, if `argv` only wraps it (`ssh …`). */
  shownAs?: string;
}

/**
 * Runs a command on this machine, without a shell.
 * @throws SpareError `stepFailed` with the command's output: `COMMAND_FAILED`, `COMMAND_TIMEOUT` or `COMMAND_MISSING`.
 */
export async function execLocal(argv: readonly string[], options: LocalExecOptions = {}): Promise<ExecResult> {
  const [file, ...args] = argv;
  if (file === undefined) throw new Error('Cannot run an empty command');
  const timeout_ms = options.timeout_ms ?? DEFAULT_TIMEOUT_ms;
  const shown = options.shownAs ?? shownCommand(argv);
  const result = await execa(file, args, {
    reject: false,
    timeout: timeout_ms,
    ...(options.signal && { cancelSignal: options.signal }),
    forceKillAfterDelay: KILL_AFTER_ms,
    maxBuffer: OUTPUT_LIMIT_bytes,
    stripFinalNewline: false,
    // Messages are parsed and shown: they must not depend on the caller's locale.
    env: { LC_ALL: 'C', ...options.environment },
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
  });
  const { exitCode, stdout, stderr } = result;
  if (result.timedOut) {
    throw failure('COMMAND_TIMEOUT', `'${shown}' did not finish within ${timeout_ms / 1000} s`, stderr);
  }
  if (exitCode === undefined) {
    const reason = result.signal ? `it was killed by ${result.signal}` : (result.originalMessage ?? 'it did not start');
    throw failure(
      result.code === 'ENOENT' ? 'COMMAND_MISSING' : 'COMMAND_FAILED',
      `Cannot run '${shown}': ${reason}`,
      stderr,
    );
  }
  if (exitCode !== 0 && !options.acceptExitCodes?.includes(exitCode)) {
    throw failure('COMMAND_FAILED', `'${shown}' failed with exit code ${exitCode}`, stderr || stdout);
  }
  return { exitCode, stdout, stderr };
}

/** The output lines of a long-lived command, until it ends or `signal` ends it. A failure throws nothing: the lines just end. */
export function execLines(argv: readonly string[], signal: AbortSignal): AsyncGenerator<string, void> {
  return linesOf(startLongLived(argv, signal, 'ignore'));
}

/** The same for a command that is asked on its standard input. */
export function converse(argv: readonly string[], signal: AbortSignal): Conversation {
  const child = startLongLived(argv, signal, 'pipe');
  const { stdin } = child;
  // The command has ended: so do its lines.
  stdin.on('error', () => {});
  return {
    lines: linesOf(child),
    ask(line) {
      if (!stdin.writableNeedDrain) stdin.write(`${line}\n`);
    },
    end: () => void child.kill(),
  };
}

function startLongLived<Input extends 'ignore' | 'pipe'>(argv: readonly string[], signal: AbortSignal, stdin: Input) {
  const [file = '', ...args] = argv;
  return execa(file, args, {
    reject: false,
    buffer: false,
    stdin,
    stderr: 'ignore',
    cancelSignal: signal,
    forceKillAfterDelay: KILL_AFTER_ms,
    env: { LC_ALL: 'C' },
  });
}

async function* linesOf(child: ReturnType<typeof startLongLived>): AsyncGenerator<string, void> {
  try {
    yield* child.iterable();
  } catch {
    // Ended by the signal, or failed: either way there are no more lines.
  } finally {
    child.kill();
  }
}

function failure(code: string, message: string, output: string): SpareError {
  const told = output.trim().slice(-TOLD_OUTPUT_characters);
  return new SpareError('stepFailed', code, told === '' ? message : `${message}: ${told}`, {
    hint: 'Run that command by hand on that machine to see more',
  });
}

import { execa } from 'execa';
import { SpareError } from '../std/errors.ts';
import type { ExecOptions, ExecResult } from './machine.ts';
import { quoteForShell } from './quote.ts';

const DEFAULT_TIMEOUT_ms = 60_000;
/** Between SIGTERM and SIGKILL. */
const KILL_AFTER_ms = 5_000;
/** No command that spare runs prints more: a bitmap of a 64 TiB volume in base64 is less. */
const OUTPUT_LIMIT_bytes = 256 * 1024 * 1024;
/** How much of a failed command's output goes into the message. */
const TOLD_OUTPUT_characters = 600;

export interface LocalExecOptions extends ExecOptions {
  /** Added to the environment. */
  environment?: Readonly<Record<string, string>>;
  /** What the command is called in messages, where `argv` is only the way to it (`ssh …`). */
  shownAs?: string;
}

/**
 * Runs a command on this machine, without a shell.
 * @throws SpareError `stepFailed` with what the command said: `COMMAND_FAILED`, `COMMAND_TIMEOUT` or `COMMAND_MISSING`.
 */
export async function execLocal(argv: readonly string[], options: LocalExecOptions = {}): Promise<ExecResult> {
  const [file, ...args] = argv;
  if (file === undefined) throw new Error('Cannot run a command as it has no words');
  const timeout_ms = options.timeout_ms ?? DEFAULT_TIMEOUT_ms;
  const shown = options.shownAs ?? quoteForShell(argv);
  const result = await execa(file, args, {
    reject: false,
    timeout: timeout_ms,
    forceKillAfterDelay: KILL_AFTER_ms,
    maxBuffer: OUTPUT_LIMIT_bytes,
    stripFinalNewline: false,
    // Messages are parsed and shown: they must not depend on who started us.
    env: { LC_ALL: 'C', ...options.environment },
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
  });
  const { exitCode, stdout, stderr } = result;
  if (result.timedOut) {
    throw failure('COMMAND_TIMEOUT', `Cannot run '${shown}': it did not end within ${timeout_ms / 1000} s`, stderr);
  }
  if (exitCode === undefined) {
    const reason = result.signal ? `it was ended by ${result.signal}` : (result.originalMessage ?? 'it did not start');
    throw failure(
      result.code === 'ENOENT' ? 'COMMAND_MISSING' : 'COMMAND_FAILED',
      `Cannot run '${shown}': ${reason}`,
      stderr,
    );
  }
  if (exitCode !== 0 && !options.acceptExitCodes?.includes(exitCode)) {
    throw failure('COMMAND_FAILED', `Cannot run '${shown}': it ended with ${exitCode}`, stderr || stdout);
  }
  return { exitCode, stdout, stderr };
}

/** The lines that a long-lived command prints, until it ends or `signal` ends it. Throws nothing when it fails: the lines just end. */
export async function* execLines(argv: readonly string[], signal: AbortSignal): AsyncGenerator<string, void> {
  const [file = '', ...args] = argv;
  const child = execa(file, args, {
    reject: false,
    buffer: false,
    stdin: 'ignore',
    stderr: 'ignore',
    cancelSignal: signal,
    forceKillAfterDelay: KILL_AFTER_ms,
    env: { LC_ALL: 'C' },
  });
  try {
    yield* child.iterable();
  } catch {
    // It was ended by the signal, or failed: either way there are no more lines.
  } finally {
    child.kill();
  }
}

function failure(code: string, message: string, output: string): SpareError {
  const told = output.trim().slice(-TOLD_OUTPUT_characters);
  return new SpareError('stepFailed', code, told === '' ? message : `${message}: ${told}`, {
    hint: 'Run the command by hand on that machine to see more',
  });
}

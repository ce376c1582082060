import { Errors } from '@oclif/core';
import { SpareError } from '../std/errors.ts';
import { OperationFailed, type OperationReport } from '../steps/operation-report.ts';

/** The shape of every failed command's `--json` output. An operation that had begun tells as much as one that succeeded. */
export interface ErrorReport extends Partial<OperationReport> {
  error: { code: string; message: string; hint: string };
}

/** Turns any thrown value into a `SpareError`: oclif's parse errors are invalid input, everything else is a bug in spare. */
export function toSpareError(thrown: unknown): SpareError {
  if (thrown instanceof SpareError) return thrown;
  if (thrown instanceof Errors.CLIError) {
    return new SpareError('usage', 'USAGE', sentence(thrown.message), {
      hint: 'Add --help to the command to see its usage. For all commands, run: spare --help',
      cause: thrown,
    });
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new SpareError('unexpected', 'UNEXPECTED', `Unexpected error: ${message}`, {
    hint: 'This is a bug in spare. Run the command again with SPARE_DEBUG=1 in front of it, and report the output. The journal shows what was done',
    cause: thrown,
  });
}

/** Prints the error (as JSON on stdout, else on stderr) and sets the exit code. An exit requested by oclif is not an error. */
export function reportError(thrown: unknown, options: { json: boolean }): void {
  if (thrown instanceof Errors.ExitError) {
    process.exitCode = thrown.oclif.exit ?? 0;
    return;
  }
  const error = toSpareError(thrown);
  process.exitCode = error.exitCode;
  if (options.json) {
    const report: ErrorReport = {
      error: { code: error.code, message: error.message, hint: error.hint },
      ...(error instanceof OperationFailed && error.report),
    };
    console.log(JSON.stringify(report, null, 2));
  } else {
    console.error(`Error: ${error.message}\nHint: ${error.hint}`);
  }
  if (process.env.SPARE_DEBUG) console.error(error.stack, error.cause);
}

/** oclif ends its messages with `See more help with --help`; the hint says that already. */
function sentence(message: string): string {
  const [first = message] = message.split('\nSee more help with --help');
  return first.trim().replace(/\.$/, '');
}

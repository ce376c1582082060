import { Errors } from '@oclif/core';
import { SpareError } from '../std/errors.ts';
import { OperationFailed, type OperationReport } from '../steps/operation-report.ts';

/** The shape of every failed command's `--json` output. An operation that had begun tells as much as one that succeeded. */
export interface ErrorReport extends Partial<OperationReport> {
  error: { code: string; message: string; hint: string };
}

/** Any thrown value as a `SpareError`: oclif's own parse errors are bad input, everything else is a defect of ours. */
export function toSpareError(thrown: unknown): SpareError {
  if (thrown instanceof SpareError) return thrown;
  if (thrown instanceof Errors.CLIError) {
    return new SpareError('usage', 'USAGE', sentence(thrown.message), {
      hint: "Run the command with --help to see what it takes, 'spare --help' for all commands",
      cause: thrown,
    });
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new SpareError('unexpected', 'UNEXPECTED', `Unexpected failure: ${message}`, {
    hint: 'This is a defect in spare: set SPARE_DEBUG=1 to see where, and report it. What was done so far is in the journal',
    cause: thrown,
  });
}

/** Tells the error on the stream where it belongs and settles the exit code. An exit that oclif asked for is not an error. */
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

/** oclif ends its messages with `See more help with --help`, which is what our hint says. */
function sentence(message: string): string {
  const [first = message] = message.split('\nSee more help with --help');
  return first.trim().replace(/\.$/, '');
}

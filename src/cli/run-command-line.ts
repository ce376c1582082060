import { run, settings } from '@oclif/core';
import { reportError } from './report-error.ts';

/** Hands the command line to oclif. Errors outside any command (such as an unknown command) are reported like all others. */
export async function runCommandLine(args: readonly string[], root: string): Promise<void> {
  settings.enableAutoTranspile = false;
  try {
    await run([...args], root);
  } catch (error) {
    reportError(error, { json: args.includes('--json') });
  }
  // Not oclif's `flush`: it waits for ever if the reader is gone.
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
}

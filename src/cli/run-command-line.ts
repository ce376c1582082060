import { run, settings } from '@oclif/core';
import { reportError } from './report-error.ts';

/** Hands the command line to oclif. What no command has caught (an unknown command, say) is told like any other error. */
export async function runCommandLine(args: readonly string[], root: string): Promise<void> {
  settings.enableAutoTranspile = false;
  try {
    await run([...args], root);
  } catch (error) {
    reportError(error, { json: args.includes('--json') });
  }
  // Not oclif's `flush`, which waits for ever where the reader is gone.
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
}

import { createInterface } from 'node:readline/promises';

/** Asks a yes-or-no question on the terminal. Returns the answer, or `undefined` without a terminal. */
export type Ask = (question: string) => Promise<boolean | undefined>;

/** Only where somebody sits at a terminal and reads text. The question goes to standard error: standard output is for results. */
export function terminalAsk({ json }: { json: boolean }): Ask {
  return async (question) => {
    if (!process.stdin.isTTY || json) return undefined;
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
    } finally {
      terminal.close();
    }
  };
}

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { systemClock } from '../src/std/clock.ts';
import { within } from '../src/std/within.ts';

const TIMEOUT_MS = 15_000;
const STDERR_KEPT_CHARACTERS = 2_000;

/**
 * The first line that says that a daemon is ready: the first of all on its standard output, unless told otherwise.
 * @throws {Error} with the end of its standard error when it ends without one, can't be started, or takes longer than 15 s.
 */
export async function firstLine(
  child: ChildProcess,
  name: string,
  where: { stream: 'stdout' | 'stderr'; pattern: RegExp } = { stream: 'stdout', pattern: /^/ },
): Promise<string> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error(`Cannot read what ${name} prints`);
  let errors = '';
  stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-STDERR_KEPT_CHARACTERS);
  });
  // What it prints otherwise has to be read too, or it would block one day.
  stdout.resume();
  const first = matchingLine(where.stream === 'stdout' ? stdout : stderr, where.pattern);
  const line = await within(TIMEOUT_MS, Promise.race([first, once(child, 'close').then(() => null)]), systemClock);
  if (line) return line;
  child.kill('SIGKILL');
  throw new Error(`Cannot start ${name}: ${errors.trim() || 'it printed nothing'}`);
}

function matchingLine(stream: NodeJS.ReadableStream, pattern: RegExp): Promise<string> {
  return new Promise((resolve) => {
    createInterface(stream).on('line', (line) => {
      if (pattern.test(line)) resolve(line);
    });
  });
}

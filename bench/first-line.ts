import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

const TIMEOUT_MS = 15_000;
const STDERR_KEPT_CHARACTERS = 2_000;

/**
 * The first line that a daemon prints, which says that it is ready.
 * @throws {Error} with the end of its standard error when it ends without one, can't be started, or takes longer than 15 s.
 */
export async function firstLine(child: ChildProcess, name: string): Promise<string> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error(`Cannot read what ${name} prints`);
  let errors = '';
  stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-STDERR_KEPT_CHARACTERS);
  });
  const line = await Promise.race([
    once(createInterface(stdout), 'line').then(([text]) => String(text)),
    once(child, 'close').then(() => null),
    delay(TIMEOUT_MS, null, { ref: false }),
  ]);
  if (line !== null) return line;
  child.kill('SIGKILL');
  throw new Error(`Cannot start ${name}: ${errors.trim() || 'it printed nothing'}`);
}

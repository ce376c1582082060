/**
 * The program of spare-serve.service: `spare serve` without the command line. It starts several times as fast, which is what
 * a restart costs the primaries, and reads nothing that Node's permission model would have to allow for the command line's sake.
 */
import { SpareError } from '../std/errors.ts';
import { eventOf } from '../std/event.ts';
import { logEvent } from './event-log.ts';
import { runTargetDaemon } from './run-target-daemon.ts';

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interruption.abort());

try {
  await runTargetDaemon(interruption.signal, (portal) => logEvent(eventOf('target-ready', { facts: { portal } })));
} catch (error) {
  const explained = error instanceof SpareError ? error : undefined;
  const facts = { error: explained?.message ?? String((error as Error).stack), hint: explained?.hint };
  logEvent(eventOf('target-failed', { facts }));
  process.exitCode = explained?.exitCode ?? 1;
}

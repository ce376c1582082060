/**
 * The program of spare-serve.service: `spare serve` without the command line. It starts several times faster, so a restart
 * interrupts the primaries for less time, and the permission model need not allow the files of the command line.
 */
import { systemClock } from '../std/clock.ts';
import { SpareError } from '../std/errors.ts';
import { eventOf } from '../std/event.ts';
import { eventLog } from './event-log.ts';
import { runTargetDaemon } from './run-target-daemon.ts';

const report = eventLog(systemClock);
const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interruption.abort());

try {
  await runTargetDaemon(interruption.signal, systemClock, (portal) =>
    report(eventOf('target-ready', { facts: { portal } })),
  );
} catch (error) {
  const explained = error instanceof SpareError ? error : undefined;
  const facts = { error: explained?.message ?? String((error as Error).stack), hint: explained?.hint };
  report(eventOf('target-failed', { facts }));
  process.exitCode = explained?.exitCode ?? 1;
}

import type { Clock } from '../../std/clock.ts';

const FIRST_PAUSE_ms = 500;
const LONGEST_PAUSE_ms = 4000;

/** A long-lived command on some machine, as `execLines` runs it. */
export type OpenLines = (signal: AbortSignal) => AsyncIterable<string>;

/**
 * Reads the lines of a long-lived command, and restarts it whenever it ends, with growing delay while it prints nothing.
 * Returns when `signal` ends it.
 */
export async function keepReading(
  open: OpenLines,
  handlers: { onLine(line: string): void; onEnd?(): void },
  signal: AbortSignal,
  clock: Clock,
): Promise<void> {
  let pause_ms = FIRST_PAUSE_ms;
  while (!signal.aborted) {
    for await (const line of open(signal)) {
      pause_ms = FIRST_PAUSE_ms;
      handlers.onLine(line);
    }
    handlers.onEnd?.();
    await clock.sleep(pause_ms, signal).catch(() => undefined);
    pause_ms = Math.min(pause_ms * 2, LONGEST_PAUSE_ms);
  }
}

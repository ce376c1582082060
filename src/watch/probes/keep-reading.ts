import { setTimeout as sleep } from 'node:timers/promises';

const FIRST_PAUSE_ms = 500;
const LONGEST_PAUSE_ms = 4000;

/** A long-lived command on some machine, as `execLines` runs it. */
export type OpenLines = (signal: AbortSignal) => AsyncIterable<string>;

/**
 * Reads the lines of a long-lived command, and starts it again whenever it ends, with growing pauses as long as it says
 * nothing. Returns when `signal` ends it.
 */
export async function keepReading(
  open: OpenLines,
  handlers: { onLine(line: string): void; onEnd?(): void },
  signal: AbortSignal,
): Promise<void> {
  let pause_ms = FIRST_PAUSE_ms;
  while (!signal.aborted) {
    for await (const line of open(signal)) {
      pause_ms = FIRST_PAUSE_ms;
      handlers.onLine(line);
    }
    handlers.onEnd?.();
    await sleep(pause_ms, undefined, { signal }).catch(() => undefined);
    pause_ms = Math.min(pause_ms * 2, LONGEST_PAUSE_ms);
  }
}

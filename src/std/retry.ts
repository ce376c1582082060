import type { Clock } from './clock.ts';

export interface RetryOptions {
  /** No new attempt starts after this. */
  timeout_ms: number;
  pause_ms: number;
  clock: Clock;
}

/** Calls `action` until it succeeds. Throws its last error when the time is up. */
export async function retryUntil<Result>(action: () => Promise<Result>, options: RetryOptions): Promise<Result> {
  const { timeout_ms, pause_ms, clock } = options;
  const deadline_ms = clock.bootTime_ms() + timeout_ms;
  for (;;) {
    try {
      return await action();
    } catch (error) {
      if (clock.bootTime_ms() + pause_ms > deadline_ms) throw error;
      await clock.sleep(pause_ms);
    }
  }
}

export interface RetryOptions {
  /** No further try begins after this. */
  timeout_ms: number;
  pause_ms: number;
}

/** Calls `action` until it succeeds. Throws its last error when the time is over. */
export async function retryUntil<Result>(action: () => Promise<Result>, options: RetryOptions): Promise<Result> {
  const deadline = performance.now() + options.timeout_ms;
  for (;;) {
    try {
      return await action();
    } catch (error) {
      if (performance.now() + options.pause_ms > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, options.pause_ms));
    }
  }
}

import type { Clock } from './clock.ts';

/** What `result` becomes, or `undefined` where that takes longer than `limit_ms`. The wait alone keeps no process alive. */
export async function within<Result>(
  limit_ms: number,
  result: Result | Promise<Result>,
  clock: Clock,
): Promise<Result | undefined> {
  const { promise: limit, resolve } = Promise.withResolvers<undefined>();
  const timer = clock.after(limit_ms, () => resolve(undefined)).unref();
  try {
    return await Promise.race([result, limit]);
  } finally {
    timer.stop();
  }
}

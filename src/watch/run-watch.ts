import { type FileLock, takeFileLock } from '../machine/file-lock.ts';
import type { Clock } from '../std/clock.ts';
import { type EventLog, eventOf } from '../std/event.ts';
import { standbyWorld } from './standby-world.ts';
import { Watch } from './watch.ts';
import { watchLockPath } from './watch-file.ts';

const INTERVAL_ms = 1000;

/** Only one watch at a time may act: returns the lock, or its holder. */
export function lockWatch(clock: Clock): Promise<FileLock | { heldBy: string }> {
  return takeFileLock(watchLockPath(), `process ${process.pid}, since ${clock.wallTime().toISOString()}`);
}

/**
 * Watches every host until `signal` aborts. The caller holds the watch's lock.
 * @param afterEach Called after each round, e.g. to draw the status.
 */
export async function runWatch(
  log: EventLog,
  signal: AbortSignal,
  clock: Clock,
  afterEach?: () => Promise<void>,
): Promise<void> {
  const watch = new Watch(await standbyWorld(log, signal, clock));
  log(eventOf('watch-started'));
  try {
    await eachSecond(signal, clock, async () => {
      await watch.tick();
      await afterEach?.();
    });
  } finally {
    await watch.close();
    log(eventOf('watch-stopped'));
  }
}

/** Calls `action` now and every second, one call at a time, until `signal` aborts. */
export async function eachSecond(signal: AbortSignal, clock: Clock, action: () => Promise<void>): Promise<void> {
  try {
    for (let next_ms = clock.bootTime_ms(); ; next_ms = Math.max(next_ms + INTERVAL_ms, clock.bootTime_ms())) {
      await clock.sleep(next_ms - clock.bootTime_ms(), signal);
      await action();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

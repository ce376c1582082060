import { join } from 'node:path';
import { paths } from '../config/paths.ts';
import { type FileLock, isFileLocked, takeFileLock } from '../machine/file-lock.ts';
import type { Clock } from '../std/clock.ts';
import { SpareError } from '../std/errors.ts';

/** The watch's own short work: `prepare` makes the standby ready for a failover, `watch` records a change of state. */
const BRIEF: readonly string[] = ['prepare', 'watch'];
/** Longer than `prepare` may take. */
const WAIT_ms = 75_000;
const PAUSE_ms = 200;

/**
 * Lets only one operation at a time work on a host. An operation waits for the watch's own short work, which is no reason to
 * refuse it; the watch itself never waits, it tries again later.
 * @throws SpareError `busy` naming the holder of the lock.
 */
export async function lockHost(host: string, operation: string, clock: Clock): Promise<FileLock> {
  const deadline_ms = clock.bootTime_ms() + (BRIEF.includes(operation) ? 0 : WAIT_ms);
  for (;;) {
    const note = `${operation}, process ${process.pid}, since ${clock.wallTime().toISOString()}`;
    const lock = await takeFileLock(lockPath(host), note);
    if (!('heldBy' in lock)) return lock;
    if (!isBrief(lock.heldBy) || clock.bootTime_ms() >= deadline_ms) throw busy(host, operation, lock.heldBy);
    await clock.sleep(PAUSE_ms);
  }
}

/** Who has just taken the lock has not written a note yet. */
function isBrief(holder: string): boolean {
  return holder === '' || BRIEF.some((name) => holder.startsWith(`${name}, `));
}

function busy(host: string, operation: string, holder: string): SpareError {
  return new SpareError(
    'busy',
    'HOST_BUSY',
    `Cannot start ${operation} of ${host}: another operation is running (${holder || 'unknown'})`,
    { hint: `Wait for it to finish. To follow it, run: spare status ${host}` },
  );
}

/** Whether an operation works on the host right now. */
export function isHostLocked(host: string): boolean {
  return isFileLocked(lockPath(host));
}

function lockPath(host: string): string {
  return join(paths().runtime, 'locks', `${host}.lock`);
}

import { bootTimeOf_ms } from '../std/boot-moment.ts';
import type { Clock } from '../std/clock.ts';
import { SpareError } from '../std/errors.ts';
import { readWatchSnapshot } from './watch-file.ts';

/**
 * Checks that a watch has looked at its hosts since then. `init` waits for it: until then `status` can only say that no watch is running.
 * @param since_ms By the boot clock.
 * @throws SpareError `unreachable` where it has not.
 */
export async function assertLooked(since_ms: number, clock: Clock): Promise<void> {
  const snapshot = readWatchSnapshot();
  if (snapshot && bootTimeOf_ms(snapshot.at, snapshot.moment, clock) >= since_ms) return;
  throw new SpareError('unreachable', 'WATCH_SILENT', 'The watch was started, but has not looked at its hosts yet', {
    hint: 'To see why, run: journalctl -u spare-watch',
  });
}

import type { Clock } from '../../../src/std/clock.ts';
import { theWorld } from './edge-world.ts';

/** Stands for `src/std/clock.ts`: the standby's clock. */
export const systemClock: Clock = {
  get bootId() {
    return theWorld().clock.bootId;
  },
  bootTime_ms: () => theWorld().clock.bootTime_ms(),
  wallTime: () => theWorld().clock.wallTime(),
  sleep: (duration_ms, signal) => theWorld().clock.sleep(duration_ms, signal),
  after: (delay_ms, action) => theWorld().clock.after(delay_ms, action),
  every: (interval_ms, action) => theWorld().clock.every(interval_ms, action),
};

export function monotonic_ms(): number {
  return theWorld().clock.bootTime_ms();
}

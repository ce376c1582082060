import { setTimeout as sleep } from 'node:timers/promises';
import { readBootId, readBootTime_ms } from './boot-time.ts';

/** Something that is still to happen. */
export interface Timer {
  /** It does not happen any more. */
  stop(): void;
  /** The process need not live on for its sake. */
  unref(): Timer;
}

/**
 * What time it is, and how to wait. Whatever decides something gets one of these, so that a test can hand in one that it moves itself.
 *
 * Ages, durations and deadlines are measured in boot time: that clock cannot be set, and it keeps running while the machine is suspended. It starts
 * again with each boot, so a stored time has the boot id beside it (`boot-moment.ts`). The wall clock may be set to anything at any
 * time, hence it is for people to read, and nothing is decided by it.
 */
export interface Clock {
  /** Names this run of the kernel. */
  readonly bootId: string;
  /** Milliseconds since the machine was started, with fractions. */
  bootTime_ms(): number;
  /** For showing only. */
  wallTime(): Date;
  /** Waits; an abort ends it with the error of the signal. */
  sleep(duration_ms: number, signal?: AbortSignal): Promise<void>;
  after(delay_ms: number, action: () => void): Timer;
  every(interval_ms: number, action: () => void): Timer;
}

class SystemClock implements Clock {
  get bootId(): string {
    return readBootId();
  }

  bootTime_ms(): number {
    return readBootTime_ms();
  }

  wallTime(): Date {
    return new Date();
  }

  async sleep(duration_ms: number, signal?: AbortSignal): Promise<void> {
    await sleep(duration_ms, undefined, signal && { signal });
  }

  after(delay_ms: number, action: () => void): Timer {
    const timeout = setTimeout(action, delay_ms);
    return systemTimer(timeout, () => clearTimeout(timeout));
  }

  every(interval_ms: number, action: () => void): Timer {
    const interval = setInterval(action, interval_ms);
    return systemTimer(interval, () => clearInterval(interval));
  }
}

function systemTimer(timeout: NodeJS.Timeout, stop: () => void): Timer {
  const timer: Timer = {
    stop,
    unref() {
      timeout.unref();
      return timer;
    },
  };
  return timer;
}

/** The machine's own. */
export const systemClock: Clock = new SystemClock();

/** Milliseconds, from any point on, of what a process measures in itself many times a second: `CLOCK_MONOTONIC`, as cheap whatever the process may do. */
export function monotonic_ms(): number {
  return performance.now();
}

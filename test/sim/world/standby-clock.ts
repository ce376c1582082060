import type { Clock, Timer } from '../../../src/std/clock.ts';
import { assertAlive, currentProcess, type SimProcess } from './process.ts';
import type { Timeline } from './timeline.ts';

const WALL_ms = Date.parse('2026-01-02T03:00:00.000Z');

/** The standby's clocks, as its processes see them. A process that was killed is not woken. */
export class StandbyClock implements Clock {
  bootId = 'boot-1';
  /** How far somebody has set the wall clock. */
  wallStep_ms = 0;
  readonly #timeline: Timeline;
  #bootedAt_ms = -1_000_000;
  #boots = 1;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  boot(): void {
    this.#bootedAt_ms = this.#timeline.now_ms;
    this.#boots += 1;
    this.bootId = `boot-${this.#boots}`;
  }

  bootTime_ms(): number {
    return this.#timeline.now_ms - this.#bootedAt_ms;
  }

  wallTime(): Date {
    return new Date(WALL_ms + this.wallStep_ms + this.#timeline.now_ms);
  }

  sleep(duration_ms: number, signal?: AbortSignal): Promise<void> {
    const process = currentProcess();
    if (process && !process.enterCall()) return new Promise(() => {});
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const aborted = () => {
        timer.stop();
        reject(signal?.reason);
      };
      const timer = this.#wake(process, duration_ms, () => {
        signal?.removeEventListener('abort', aborted);
        resolve();
      });
      signal?.addEventListener('abort', aborted, { once: true });
    });
  }

  after(delay_ms: number, action: () => void): Timer {
    assertAlive();
    const process = currentProcess();
    return this.#wake(process, delay_ms, () => (process ? process.run(action) : action()));
  }

  every(interval_ms: number, action: () => void): Timer {
    let timer = this.after(interval_ms, again.bind(this));
    function again(this: StandbyClock): void {
      timer = this.after(interval_ms, again.bind(this));
      action();
    }
    const whole: Timer = { stop: () => timer.stop(), unref: () => whole };
    return whole;
  }

  /** The same clock, for actions that only look: nothing waits for what they do. */
  quiet(): Clock {
    const timer: Timer = { stop: () => {}, unref: () => timer };
    const again = (interval_ms: number, action: () => void, process: SimProcess | undefined) => {
      this.#timeline.after(interval_ms, () => {
        if (process?.alive === false) return;
        if (!process) action();
        else if (process.stalledUntil_ms <= this.#timeline.now_ms) process.run(action);
        again(interval_ms, action, process);
      });
    };
    return {
      bootId: this.bootId,
      bootTime_ms: () => this.bootTime_ms(),
      wallTime: () => this.wallTime(),
      sleep: (duration_ms, signal) => this.sleep(duration_ms, signal),
      after: (delay_ms, action) => this.after(delay_ms, action),
      every(interval_ms, action) {
        again(interval_ms, action, currentProcess());
        return timer;
      },
    };
  }

  #wake(process: SimProcess | undefined, delay_ms: number, action: () => void): Timer {
    let stop: () => void = () => {};
    const fire = () => {
      if (process && !process.alive) return;
      const stalled_ms = (process?.stalledUntil_ms ?? 0) - this.#timeline.now_ms;
      if (stalled_ms > 0) stop = this.#timeline.after(stalled_ms, fire, { wakes: true });
      else action();
    };
    stop = this.#timeline.after(Math.max(0, delay_ms), fire, { wakes: true });
    const timer: Timer = { stop: () => stop(), unref: () => timer };
    return timer;
  }
}

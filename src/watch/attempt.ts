import type { Clock } from '../std/clock.ts';
import { SpareError } from '../std/errors.ts';
import type { WatchFailure } from './watch-file.ts';

const FIRST_PAUSE_ms = 1000;
const PAUSE_GROWTH = 3;

/** Runs actions in the background, one at a time, so that probing never waits. After each failure it waits longer. */
export class Attempt {
  running: string | undefined;
  failure: WatchFailure | undefined;
  readonly #clock: Clock;
  readonly #longestPause_ms: number;
  readonly #settle_ms: number;
  #pause_ms = FIRST_PAUSE_ms;
  #notBefore = 0;
  #done: Promise<void> = Promise.resolve();

  constructor(clock: Clock, options: { longestPause_ms: number; settle_ms: number }) {
    this.#clock = clock;
    this.#settle_ms = options.settle_ms;
    this.#longestPause_ms = options.longestPause_ms;
  }

  /** Starts `work` unless an action is running, or the last failure was too recent. Returns whether it started. */
  start(action: string, work: () => Promise<void>, onFailure: (failure: WatchFailure) => void): boolean {
    if (this.running !== undefined || this.#clock.bootTime_ms() < this.#notBefore) return false;
    this.running = action;
    this.#done = this.#run(action, work, onFailure);
    return true;
  }

  /** All is well again: the next attempt may start at once. */
  reset(): void {
    this.failure = undefined;
    this.#pause_ms = FIRST_PAUSE_ms;
    this.#notBefore = 0;
  }

  /** Waits for the running action. */
  settled(): Promise<void> {
    return this.#done;
  }

  async #run(action: string, work: () => Promise<void>, onFailure: (failure: WatchFailure) => void): Promise<void> {
    try {
      await work();
      this.reset();
      this.#notBefore = this.#clock.bootTime_ms() + this.#settle_ms;
    } catch (error) {
      this.failure = { action, at: this.#clock.wallTime().toISOString(), ...describe(error) };
      this.#notBefore = this.#clock.bootTime_ms() + this.#pause_ms;
      this.#pause_ms = Math.min(this.#pause_ms * PAUSE_GROWTH, this.#longestPause_ms);
      onFailure(this.failure);
    } finally {
      this.running = undefined;
    }
  }
}

function describe(error: unknown): { code: string; message: string; hint: string } {
  if (error instanceof SpareError) return { code: error.code, message: error.message, hint: error.hint };
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'UNEXPECTED', message, hint: 'This is a bug in spare: please report it' };
}

import type { Clock } from '../../std/clock.ts';

/** How long the service is interrupted, measured on the standby. */
export class Outage {
  readonly #clock: Clock;
  #begunAt_ms: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  begin(): void {
    this.#begunAt_ms = this.#clock.bootTime_ms();
  }

  /** Seconds since it began; `undefined` where an earlier run had begun it. */
  elapsed_s(): number | undefined {
    return this.#begunAt_ms === undefined ? undefined : (this.#clock.bootTime_ms() - this.#begunAt_ms) / 1000;
  }
}

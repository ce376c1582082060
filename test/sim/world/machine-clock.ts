import type { Timeline } from './timeline.ts';

/** Runs what is due on one machine: later, if it is frozen by then; never, if it has been switched off meanwhile. */
export class MachineClock {
  readonly #timeline: Timeline;
  isFrozen = false;
  #boot = 0;
  #held: (() => void)[] = [];

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  after(delay_ms: number, action: () => void): void {
    const boot = this.#boot;
    this.#timeline.after(delay_ms, () => {
      if (boot !== this.#boot) return;
      if (this.isFrozen) this.#held.push(action);
      else action();
    });
  }

  every(interval_ms: number, action: () => void): void {
    this.after(interval_ms, () => {
      action();
      this.every(interval_ms, action);
    });
  }

  thaw(): void {
    this.isFrozen = false;
    const held = this.#held;
    this.#held = [];
    for (const action of held) action();
  }

  /** Nothing that was due happens. */
  end(): void {
    this.#boot += 1;
    this.isFrozen = false;
    this.#held = [];
  }
}

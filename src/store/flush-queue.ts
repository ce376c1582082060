import type { StoreCallback } from './store.ts';

/**
 * Coalesces concurrent flushes: requests that arrive while one runs share the next one. It starts after the last of their writes
 * completed, and so covers them all.
 *
 * After one failed flush every later one fails: the kernel may have dropped the pages that it could not write, and a second
 * `fdatasync` would succeed without them (fsync(2), errors are reported once).
 */
export class FlushQueue {
  readonly #sync: (done: StoreCallback) => void;
  #waiting: StoreCallback[] = [];
  #running = false;
  #failure: NodeJS.ErrnoException | null = null;

  constructor(sync: (done: StoreCallback) => void) {
    this.#sync = sync;
  }

  flush(done: StoreCallback): void {
    this.#waiting.push(done);
    if (!this.#running) this.#run();
  }

  #run(): void {
    const batch = this.#waiting;
    this.#waiting = [];
    this.#running = true;
    const finish: StoreCallback = (error) => {
      this.#failure ??= error;
      this.#running = false;
      for (const done of batch) done(this.#failure);
      if (this.#waiting.length > 0 && !this.#running) this.#run();
    };
    if (this.#failure === null) this.#sync(finish);
    else finish(this.#failure);
  }
}

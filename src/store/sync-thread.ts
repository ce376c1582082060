import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { StoreCallback } from './store.ts';
import { storeError } from './store-error.ts';

/** What the thread answers for each descriptor, in order: the error, or `null`. */
export type SyncAnswer = { code: string; message: string } | null;

const PROGRAM = join(import.meta.dirname, 'sync-thread-program.ts');

/** A thread that calls `fdatasync(2)` for descriptors of this process, one after the other. */
export class SyncThread {
  readonly #thread = new Worker(PROGRAM);
  readonly #waiting: StoreCallback[] = [];
  #failure: NodeJS.ErrnoException | undefined;

  constructor() {
    this.#thread.unref();
    this.#thread.on('message', (answer: SyncAnswer) => {
      const done = this.#waiting.shift();
      if (this.#waiting.length === 0) this.#thread.unref();
      done?.(answer === null ? null : Object.assign(new Error(answer.message), { code: answer.code }));
    });
    // Without it nothing can be flushed any more: everything that waits, and all that comes, fails.
    this.#thread.on('error', (error) => this.#fail(String(error)));
    this.#thread.on('exit', (code) => this.#fail(`it ended with code ${code}`));
  }

  readonly sync = (fd: number, done: StoreCallback): void => {
    if (this.#failure) {
      done(this.#failure);
      return;
    }
    this.#waiting.push(done);
    this.#thread.ref();
    this.#thread.postMessage(fd);
  };

  #fail(reason: string): void {
    this.#failure ??= storeError('EIO', `Cannot flush as the thread for it has failed: ${reason}`);
    for (const done of this.#waiting.splice(0)) done(this.#failure);
  }
}

import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { replaceFile } from '../std/durable-file.ts';

/**
 * A note that the disk has failed a host's leg, and that the record in its folder does not say so: that is on the same disk. It stands in the runtime
 * directory, which outlives the processes and the daemon; after a restart of the machine whatever is marked counts as lost anyhow.
 */
export class FailureNote {
  readonly #path: string;

  /** @param runtime The daemon's runtime directory. */
  constructor(runtime: string, host: string) {
    this.#path = join(runtime, 'failed-legs', host);
  }

  get stands(): boolean {
    return existsSync(this.#path);
  }

  write(): void {
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
    replaceFile(this.#path, `${new Date().toISOString()}\n`, 0o600);
  }

  remove(): void {
    rmSync(this.#path, { force: true });
  }
}

import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { replaceFile } from '../std/durable-file.ts';
import { type EventLog, eventOf } from '../std/event.ts';

/** @param runtime The daemon's runtime directory. */
export function failureNotePath(runtime: string, host: string): string {
  return join(runtime, 'failed-legs', host);
}

/**
 * A note that the disk has failed a host's leg, and that the record in its folder does not say so: that is on the same disk. It stands in the runtime
 * directory, which outlives the processes and the daemon; after a restart of the machine whatever is marked counts as lost anyhow.
 *
 * A runtime directory that is full or broken is no reason to end, and all hosts with it: it is told, and the note stands as long as the daemon lives.
 */
export class FailureNote {
  readonly #path: string;
  readonly #host: string;
  readonly #report: EventLog;
  /** Since `write` in this process. */
  #wasWritten = false;

  constructor(runtime: string, host: string, report: EventLog) {
    this.#path = failureNotePath(runtime, host);
    this.#host = host;
    this.#report = report;
  }

  get stands(): boolean {
    return this.#wasWritten || existsSync(this.#path);
  }

  write(): void {
    this.#wasWritten = true;
    this.#try(() => {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
      replaceFile(this.#path, `${new Date().toISOString()}\n`, 0o600);
    });
  }

  remove(): void {
    this.#wasWritten = false;
    this.#try(() => rmSync(this.#path, { force: true }));
  }

  #try(change: () => void): void {
    try {
      change();
    } catch (error) {
      this.#report(eventOf('note-not-changed', { host: this.#host, facts: { error: String(error) } }));
    }
  }
}

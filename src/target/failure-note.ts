import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { failureNotePath } from '../config/paths.ts';
import { type Clock, systemClock } from '../std/clock.ts';
import { replaceFile } from '../std/durable-file.ts';
import { type EventLog, eventOf } from '../std/event.ts';

/**
 * A note that the disk failed a host's leg while the record in the host's folder, on the same disk, does not say so. It is in
 * the runtime directory, which outlives the processes and the daemon. After a restart of the machine all marked regions count as lost anyway.
 *
 * A full or broken runtime directory must not end the daemon, and with it all hosts: it is reported, and the note is kept in memory.
 */
export class FailureNote {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #host: string;
  readonly #report: EventLog;
  /** Set by `write` in this process. */
  #wasWritten = false;

  constructor(runtime: string, host: string, report: EventLog, clock: Clock = systemClock) {
    this.#clock = clock;
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
      replaceFile(this.#path, `${this.#clock.wallTime().toISOString()}\n`, 0o600);
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

import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { failureNotePaths } from '../config/paths.ts';
import { type Clock, systemClock } from '../std/clock.ts';
import { replaceFile } from '../std/durable-file.ts';
import { type EventLog, eventOf } from '../std/event.ts';

/**
 * A note that the disk failed a volume's leg while the record in the leg's folder, on the same disk, does not say so. It is in
 * the runtime directory, which outlives the processes and the daemon. After a restart of the machine all marked regions count as lost anyway.
 *
 * A full or broken runtime directory must not end the daemon, and with it all hosts: it is reported, and the note is kept in memory.
 */
export class FailureNote {
  readonly #paths: [string, ...string[]];
  readonly #clock: Clock;
  readonly #about: { host: string; volume: string };
  readonly #report: EventLog;
  /** Set by `write` in this process. */
  #wasWritten = false;

  constructor(runtime: string, host: string, volume: string, report: EventLog, clock: Clock = systemClock) {
    this.#clock = clock;
    this.#paths = failureNotePaths(runtime, host, volume);
    this.#about = { host, volume };
    this.#report = report;
  }

  get stands(): boolean {
    return this.#wasWritten || this.#paths.some((path) => existsSync(path));
  }

  write(): void {
    this.#wasWritten = true;
    this.#try(() => {
      const [path] = this.#paths;
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      replaceFile(path, `${this.#clock.wallTime().toISOString()}\n`, 0o600);
    });
  }

  remove(): void {
    this.#wasWritten = false;
    for (const path of this.#paths) this.#try(() => rmSync(path, { force: true }));
  }

  #try(change: () => void): void {
    try {
      change();
    } catch (error) {
      const { host, volume } = this.#about;
      this.#report(eventOf('note-not-changed', { host, facts: { volume, error: String(error) } }));
    }
  }
}

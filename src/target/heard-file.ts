import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';

/** When a host was heard; milliseconds of boot time. */
export interface HeardTimes {
  /** In any way. */
  any: number | null;
  /** In a normal session. */
  session: number | null;
}

const NEVER: HeardTimes = { any: null, session: null };
/** Blanks fill it up. It is written in place: once it exists, a full file system does not matter. */
const LENGTH_bytes = 256;

/**
 * When the host was heard, kept over a restart of its process in the runtime directory, so that the lease goes on. What cannot be
 * written or read counts as not heard: then the lease is over, and the next report begins another.
 */
export class HeardFile {
  readonly #path: string;
  readonly #bootId: string;
  #written = '';

  constructor(path: string, bootId: string) {
    this.#path = path;
    this.#bootId = bootId;
  }

  read(): HeardTimes {
    try {
      const { bootId, any, session } = JSON.parse(readFileSync(this.#path, 'utf8'));
      return bootId === this.#bootId ? { any: timeOf(any), session: timeOf(session) } : NEVER;
    } catch {
      return NEVER;
    }
  }

  /** Does nothing if nothing has changed. */
  write({ any, session }: HeardTimes): void {
    const content = JSON.stringify({ bootId: this.#bootId, any, session }).padEnd(LENGTH_bytes);
    if (content === this.#written) return;
    try {
      const fd = openSync(this.#path, constants.O_WRONLY | constants.O_CREAT, 0o600);
      try {
        if (writeSync(fd, content, 0) === content.length) this.#written = content;
      } finally {
        closeSync(fd);
      }
    } catch {
      // The runtime directory is full or gone.
    }
  }
}

function timeOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

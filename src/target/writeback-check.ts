import { type FileHandle, open } from 'node:fs/promises';
import { type Clock, systemClock } from '../std/clock.ts';
import { type DataSync, dataSync } from '../store/data-sync.ts';

export interface WritebackCheckOptions {
  /** Path of the leg. */
  path: string;
  /** Called when the disk may have failed the leg under a process that died. `why` is for the administrator. */
  onFailed(why: string): void;
  /** @default that of the process */
  sync?: DataSync;
  /** @default systemClock */
  clock?: Clock;
}

/** From the moment a process opens the leg until it closes it or dies. */
interface HeldLeg {
  /** `undefined`: it could not be opened, or not yet. */
  file: FileHandle | undefined;
}

/**
 * Finds out whether the disk failed the leg under a host's process that was killed or crashed.
 *
 * Linux reports a writeback error once per open file (`errseq_t`; Documentation/core-api/errseq.rst). A process killed during
 * `fdatasync(2)` takes the report with it, and a file opened later gets none. So the daemon keeps the leg open as long as a
 * process has it open, and checks when the process has died. It never waits for the disk before that.
 */
export class WritebackCheck {
  readonly #options: WritebackCheckOptions;
  #leg: HeldLeg | undefined;
  readonly #questions = new Set<Promise<void>>();
  /** Pending opens and closes: until they finish, the leg's file system cannot be unmounted. */
  readonly #changes = new Set<Promise<void>>();

  constructor(options: WritebackCheckOptions) {
    this.#options = options;
  }

  /** Whether a process has it open, as far as is known. */
  get isOpen(): boolean {
    return this.#leg !== undefined;
  }

  /** A process has opened the leg and written nothing yet. */
  opened(): void {
    this.closed();
    const leg: HeldLeg = { file: undefined };
    this.#leg = leg;
    this.#follow(
      open(this.#options.path, 'r').then((file) => {
        if (this.#leg === leg) leg.file = file;
        else this.#letGo(file);
      }),
    );
  }

  /** It has flushed and closed the leg, or reported that it could not. */
  closed(): void {
    if (this.#leg?.file) this.#letGo(this.#leg.file);
    this.#leg = undefined;
  }

  /** It has died. A process that had not opened the leg lost nothing. */
  died(): void {
    const leg = this.#leg;
    this.#leg = undefined;
    if (leg?.file) this.#ask(leg.file);
    else if (leg) this.#options.onFailed('The daemon could not open the leg');
  }

  /**
   * Resolves when the result is known for every dead process and the leg is closed again. If that takes longer than `limit_ms`,
   * the result is unknown, which counts as a failure.
   */
  async settled(limit_ms: number): Promise<void> {
    const { promise: limit, resolve } = Promise.withResolvers<false>();
    const timer = (this.#options.clock ?? systemClock).after(limit_ms, () => resolve(false));
    const known = Promise.all(this.#questions).then(() => true);
    if (!(await Promise.race([known, limit]))) this.#options.onFailed(`A flush did not end within ${limit_ms} ms`);
    // The files are closed after that.
    while (this.#changes.size > 0 && (await Promise.race([Promise.all(this.#changes), limit])));
    timer.stop();
  }

  #ask(file: FileHandle): void {
    const { sync = dataSync, onFailed } = this.#options;
    const question = new Promise<void>((resolve) => {
      sync(file.fd, (error) => {
        this.#letGo(file);
        if (error !== null) onFailed(error.message);
        this.#questions.delete(question);
        resolve();
      });
    });
    this.#questions.add(question);
  }

  #letGo(file: FileHandle): void {
    this.#follow(file.close());
  }

  /** A failure to open the leg is reported when it matters: when its process dies. Nothing was written here, so the result of closing says nothing. */
  #follow(change: Promise<void>): void {
    const ended = change.catch(() => {}).then(() => void this.#changes.delete(ended));
    this.#changes.add(ended);
  }
}

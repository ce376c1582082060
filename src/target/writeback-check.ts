import { type FileHandle, open } from 'node:fs/promises';
import { type DataSync, dataSync } from '../store/data-sync.ts';

export interface WritebackCheckOptions {
  /** Of the leg. */
  path: string;
  /** Called when the disk may have failed the leg under a process that has died. `why` is for an administrator. */
  onFailed(why: string): void;
  /** @default that of the process */
  sync?: DataSync;
}

/** From a process's opening of the leg to its closing or death. */
interface HeldLeg {
  /** `undefined`: it could not be opened, or not yet. */
  file: FileHandle | undefined;
}

/**
 * Finds out whether the disk has failed the leg under a host's process that was killed, or has crashed.
 *
 * That the kernel could not write something it tells once to each open file (`errseq_t`; Linux, Documentation/core-api/errseq.rst). Who dies within
 * `fdatasync(2)` takes that with him, and who opens the file afterwards is told nothing. So the daemon has the leg open, too, as long as a process has, and asks when that
 * has died. It never waits for the disk meanwhile.
 */
export class WritebackCheck {
  readonly #options: WritebackCheckOptions;
  #leg: HeldLeg | undefined;
  readonly #questions = new Set<Promise<void>>();
  /** What is being opened or closed: as long as it is, the leg's file system can't be unmounted. */
  readonly #changes = new Set<Promise<void>>();

  constructor(options: WritebackCheckOptions) {
    this.#options = options;
  }

  /** A process has opened the leg, and has written nothing yet. */
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

  /** It has flushed and closed the leg, or has told that it could not. */
  closed(): void {
    if (this.#leg?.file) this.#letGo(this.#leg.file);
    this.#leg = undefined;
  }

  /** It has died. Who had not opened the leg has nothing to lose. */
  died(): void {
    const leg = this.#leg;
    this.#leg = undefined;
    if (leg?.file) this.#ask(leg.file);
    else if (leg) this.#options.onFailed('The daemon could not open the leg');
  }

  /**
   * Resolves when it is known of all that have died, and what they had open is let go of. Where that takes longer than `limit_ms` nothing is known, which
   * counts as a failure.
   */
  async settled(limit_ms: number): Promise<void> {
    const { promise: limit, resolve } = Promise.withResolvers<false>();
    const timer = setTimeout(resolve, limit_ms, false);
    const known = Promise.all(this.#questions).then(() => true);
    if (!(await Promise.race([known, limit]))) this.#options.onFailed(`A flush did not end within ${limit_ms} ms`);
    // What is opened is let go of after that.
    while (this.#changes.size > 0 && (await Promise.race([Promise.all(this.#changes), limit])));
    clearTimeout(timer);
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

  /** That the leg can't be opened is told when it matters: when its process dies. Nothing was written here: how closing ends says nothing. */
  #follow(change: Promise<void>): void {
    const ended = change.catch(() => {}).then(() => void this.#changes.delete(ended));
    this.#changes.add(ended);
  }
}

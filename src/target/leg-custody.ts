import type { VolumeConfiguration } from '../config/schema.ts';
import type { Clock } from '../std/clock.ts';
import type { DataSync } from '../store/data-sync.ts';
import type { FailureNote } from './failure-note.ts';
import { LEG_NOT_FLUSHED } from './host-messages.ts';
import { WritebackCheck } from './writeback-check.ts';

export interface LegCustodyOptions {
  volume: VolumeConfiguration;
  note: FailureNote;
  /** Called after the note was written. `why` is for the administrator. */
  onFailed(volume: string, why: string): void;
  clock: Clock;
  /** @default that of the process */
  sync?: DataSync | undefined;
}

/** The daemon's part in the leg of one volume: it notices when the disk fails the leg under a process that ends, and keeps a note of it. */
export class LegCustody {
  readonly volume: string;
  readonly note: FailureNote;
  readonly #check: WritebackCheck;
  readonly #onFailed: LegCustodyOptions['onFailed'];
  /** The running process reported that it could not flush the leg. */
  #isUnflushed = false;

  constructor({ volume, note, onFailed, clock, sync }: LegCustodyOptions) {
    this.volume = volume.name;
    this.note = note;
    this.#onFailed = onFailed;
    const { path } = volume.standbyLeg;
    this.#check = new WritebackCheck({ path, onFailed: (why) => this.#failed(why), clock, ...(sync && { sync }) });
  }

  /** The process has opened the leg and written nothing yet. */
  opened(): void {
    this.#isUnflushed = false;
    this.#check.opened();
  }

  closed(flushed: boolean): void {
    this.#isUnflushed = !flushed;
    this.#check.closed();
  }

  /**
   * The process has ended. The kernel has everything that it wrote, unless the disk fails to write it. The check for that takes
   * as long as the writing.
   */
  left(exitCode: number | null): void {
    // Its last reports may be lost: a leg that was not reported as closed may be the one that was not flushed.
    const isUnflushed = exitCode === LEG_NOT_FLUSHED && (this.#isUnflushed || this.#check.isOpen);
    this.#isUnflushed = false;
    if (exitCode === 0 || exitCode === LEG_NOT_FLUSHED) this.#check.closed();
    else this.#check.died();
    if (isUnflushed) this.#failed('The process could not flush it');
  }

  /** The process died before its report was read. */
  died(): void {
    this.#check.died();
  }

  /** Resolves when the note exists, if the disk may have failed the leg under a process that died. */
  settled(limit_ms: number): Promise<void> {
    return this.#check.settled(limit_ms);
  }

  #failed(why: string): void {
    this.note.write();
    this.#onFailed(this.volume, why);
  }
}

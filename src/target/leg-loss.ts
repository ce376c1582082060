import { join } from 'node:path';
import type { ByteRange } from '../std/byte-range.ts';
import { removeFileDurably } from '../std/durable-file.ts';
import { mountIdOf } from '../store/mount-id.ts';
import { lostRanges } from '../store/open-recorded-store.ts';
import { condemnRegionFile } from '../store/region-file.ts';

/** A record that can't be written is tried again: the disk may come back, with the newest writes missing. */
const DISK_AGAIN_MS = 1_000;

/** The record in a host's folder of which regions of its leg may hold writes that are not flushed. */
export function regionsPath(folder: string): string {
  return join(folder, 'regions');
}

/** What may be missing where the disk has failed the leg: whatever is marked, in this boot too; all of it where the record does not say, or is away with its disk. */
export function rangesAtRisk(path: string, size_bytes: number): readonly ByteRange[] {
  const marked = lostRanges(path, size_bytes, '');
  return marked.length > 0 ? marked : [{ offset_bytes: 0, length_bytes: size_bytes }];
}

export interface LegLossOptions {
  /** The host's folder in the pool. */
  folder: string;
  leg: { path: string; size_bytes: number };
  /** As `HostTargetOptions.onFailed`. */
  onFailed(failed: boolean): void;
  /** Closes the LUN; called when the disk has failed the leg, before that is recorded. */
  close(reason: string): Promise<void>;
  /** Called when the record says what may be missing, which may be nothing. Called again a moment later where it throws. */
  onRecorded(): void;
}

/** What a loss of power, or a disk that failed, may have taken from a host's leg, and that it is not forgotten before it is accepted. */
export class LegLoss {
  readonly #options: LegLossOptions;
  /** Which regions may hold writes that are not on the disk yet. */
  readonly regionsPath: string;
  #ranges: readonly ByteRange[] = [];
  /** The disk has failed the leg, and nobody has accepted that yet. */
  #condemned = false;

  constructor(options: LegLossOptions) {
    this.#options = options;
    this.regionsPath = regionsPath(options.folder);
  }

  get ranges(): readonly ByteRange[] {
    return this.#ranges;
  }

  get isCondemned(): boolean {
    return this.#condemned;
  }

  /** Looks into the record. `mountId` is of the leg (`mountIdOf`). */
  look(mountId: string | undefined): readonly ByteRange[] {
    this.#ranges = lostRanges(this.regionsPath, this.#options.leg.size_bytes, undefined, mountId);
    return this.#ranges;
  }

  /**
   * The kernel may have dropped what it could not write, and a later flush would go well without it: the LUN is closed, as after a loss
   * of power.
   */
  condemn(): void {
    if (this.#condemned) return;
    const { leg, onFailed, close } = this.#options;
    this.#condemned = true;
    onFailed(true);
    // The record does not say yet that it is condemned.
    this.#ranges = rangesAtRisk(this.regionsPath, leg.size_bytes);
    // Not within the command that has met the failure.
    setImmediate(async () => {
      await close('the disk of its leg has failed').catch(() => {});
      this.#record();
    });
  }

  /** Whether there is anything to be accepted, as the record says now. */
  stands(): boolean {
    const { path, size_bytes } = this.#options.leg;
    return this.#condemned || lostRanges(this.regionsPath, size_bytes, undefined, mountIdOf(path)).length > 0;
  }

  /** Durable when it returns. */
  forget(): void {
    removeFileDurably(this.regionsPath);
    this.#condemned = false;
    this.#options.onFailed(false);
  }

  #record(): void {
    if (!this.#condemned) return;
    try {
      condemnRegionFile(this.regionsPath);
      this.#options.onFailed(false);
      // Nothing: everything was on the disk by then.
      this.#condemned = this.look(mountIdOf(this.#options.leg.path)).length > 0;
      this.#options.onRecorded();
    } catch {
      this.#condemned = true;
      setTimeout(() => this.#record(), DISK_AGAIN_MS).unref();
    }
  }
}

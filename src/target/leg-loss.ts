import { join } from 'node:path';
import type { VolumeConfiguration } from '../config/schema.ts';
import type { ByteRange } from '../std/byte-range.ts';
import { type Clock, systemClock } from '../std/clock.ts';
import { removeFileDurably } from '../std/durable-file.ts';
import { mountIdOf } from '../store/mount-id.ts';
import { lostRanges } from '../store/open-recorded-store.ts';
import { condemnRegionFile } from '../store/region-file.ts';

/** Writing the record is retried: the disk may come back, without the newest writes. */
const DISK_AGAIN_MS = 1_000;

/** The record, in the folder of the volume's leg, of regions of the leg that may hold unflushed writes. */
export function regionsPath(folder: string): string {
  return join(folder, 'regions');
}

/** The ranges that may be stale after the disk failed the leg: everything marked, also in this boot; the whole leg if the record is unreadable or gone with its disk. */
export function rangesAtRisk(path: string, size_bytes: number): readonly ByteRange[] {
  const marked = lostRanges(path, size_bytes, '');
  return marked.length > 0 ? marked : [{ offset_bytes: 0, length_bytes: size_bytes }];
}

export interface LegLossOptions {
  leg: VolumeConfiguration['standbyLeg'];
  /** See `HostTargetOptions.onFailed`. */
  onFailed(failed: boolean): void;
  /** Closes the LUN; called when the disk failed the leg, before that is recorded. */
  close(reason: string): Promise<void>;
  /** Called when the record lists the ranges that may be stale (possibly none). Retried a moment later if it throws. */
  onRecorded(): void;
  /** @default systemClock */
  clock?: Clock;
}

/** The lost writes of a leg after a power loss or a disk failure, kept until they are accepted. */
export class LegLoss {
  readonly #options: LegLossOptions;
  /** The regions that may hold writes that are not on the disk yet. */
  readonly regionsPath: string;
  #ranges: readonly ByteRange[] = [];
  /** The disk failed the leg, and the loss has not been accepted yet. */
  #condemned = false;

  constructor(options: LegLossOptions) {
    this.#options = options;
    this.regionsPath = regionsPath(options.leg.folder);
  }

  get ranges(): readonly ByteRange[] {
    return this.#ranges;
  }

  get isCondemned(): boolean {
    return this.#condemned;
  }

  /** Reads the record. `mountId` belongs to the leg (`mountIdOf`). */
  look(mountId: string | undefined): readonly ByteRange[] {
    this.#ranges = lostRanges(this.regionsPath, this.#options.leg.size_bytes, undefined, mountId);
    return this.#ranges;
  }

  /**
   * The kernel may have dropped the writes that failed, and a later flush would succeed without them. The LUN is therefore closed,
   * as after a power loss.
   */
  condemn(): void {
    if (this.#condemned) return;
    const { leg, onFailed, close } = this.#options;
    this.#condemned = true;
    onFailed(true);
    // The record does not show the failure yet.
    this.#ranges = rangesAtRisk(this.regionsPath, leg.size_bytes);
    // Not within the command that hit the failure.
    setImmediate(async () => {
      await close('the disk of the leg failed').catch(() => {});
      this.#record();
    });
  }

  /** Whether the record lists losses that are not accepted yet. */
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
      // Nothing was lost: everything was on the disk by then.
      this.#condemned = this.look(mountIdOf(this.#options.leg.path)).length > 0;
      this.#options.onRecorded();
    } catch {
      this.#condemned = true;
      (this.#options.clock ?? systemClock).after(DISK_AGAIN_MS, () => this.#record()).unref();
    }
  }
}

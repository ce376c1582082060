import { join } from 'node:path';
import type { VolumeConfiguration } from '../config/schema.ts';
import { UnitServer } from '../scsi/execution/unit-server.ts';
import { LogicalUnit } from '../scsi/logical-unit.ts';
import type { TargetDevice } from '../scsi/target-device.ts';
import type { ByteRange } from '../std/byte-range.ts';
import type { Clock } from '../std/clock.ts';
import { SpareError } from '../std/errors.ts';
import { mountIdOf } from '../store/mount-id.ts';
import { openRecordedStore } from '../store/open-recorded-store.ts';
import type { Store } from '../store/store.ts';
import type { NotServed, VolumeTargetStatus } from './client/control-protocol.ts';
import { CountingDeviceServer } from './counting-device-server.ts';
import { LegLoss } from './leg-loss.ts';
import { whyNotServed } from './not-served.ts';

const NO_COUNTERS = { reads: 0, writes: 0, flushes: 0, readBytes: 0, writtenBytes: 0, errors: 0 };

export interface VolumeUnitOptions {
  /** Name of the host, for messages. */
  host: string;
  /** Name of the host's target. */
  iqn: string;
  volume: VolumeConfiguration;
  /** Where its LUN is while it is served. */
  device: TargetDevice;
  clock: Clock;
  openStore(path: string): Store;
  /** True: the leg is open and nothing has been written yet. False: it is closed, and everything was `flushed` or not. */
  onOpen(isOpen: boolean, flushed: boolean): void;
  /** See `LogicalUnitOptions.vendorText`. */
  vendorText(): string;
  /** See `HostTargetOptions.onFailed`. */
  onFailed(failed: boolean): void;
  /** Closes the LUN; called when the disk failed the leg. */
  close(reason: string): Promise<void>;
  /** Called when the record lists the ranges that may be stale (possibly none). */
  onRecorded(): void;
}

/** One volume of a host: the store of its leg, its logical unit, its records. Nothing is shared between volumes. */
export class VolumeUnit {
  readonly volume: VolumeConfiguration;
  readonly #options: VolumeUnitOptions;
  readonly #loss: LegLoss;
  #unit: LogicalUnit | undefined;
  #server: CountingDeviceServer | undefined;
  #closing: Promise<void> | undefined;
  /** The error of the last attempt to open, if it failed. */
  #notServed: NotServed | null = null;

  constructor(options: VolumeUnitOptions) {
    this.#options = options;
    this.volume = options.volume;
    const { onFailed, close, onRecorded, clock } = options;
    this.#loss = new LegLoss({ leg: this.volume.standbyLeg, onFailed, close, onRecorded, clock });
  }

  /** Lost writes after a power loss or a failed flush: while this is not empty, the LUN is not served. */
  get lost(): readonly ByteRange[] {
    return this.#loss.ranges;
  }

  /** Opens the store and serves the LUN. Does nothing if the host is fenced, it is open already, or the leg may have lost writes. */
  open(isFenced: boolean): void {
    try {
      this.#open(isFenced);
      this.#notServed = null;
    } catch (error) {
      this.#notServed = whyNotServed(error, this.volume.standbyLeg.path);
      throw error;
    }
  }

  #open(isFenced: boolean): void {
    if (this.#unit || this.#loss.isCondemned) return;
    const { iqn, device, clock, openStore, onOpen, vendorText } = this.#options;
    const { lun, standbyLeg: leg } = this.volume;
    // Read before the leg is opened: if it is remounted in between, the record names the older mount and is not trusted.
    const mountId = mountIdOf(leg.path);
    if (this.#loss.look(mountId).length > 0 || isFenced) return;
    let store: Store = openStore(leg.path);
    try {
      this.#assertSize(store);
      if (mountId === undefined) throw new Error('It was not there a moment ago');
      const path = this.#loss.regionsPath;
      store = openRecordedStore({ below: store, path, mountId, clock, onCondemned: () => this.condemn() });
      this.#unit = new LogicalUnit({
        store,
        identity: `${iqn},lun${lun}`,
        // Write-back: acknowledged writes that are not flushed yet are in the marked regions.
        writeCache: true,
        vendorText,
        reservationsPath: join(leg.folder, 'reservations'),
      });
    } catch (error) {
      store.close(() => {});
      throw error;
    }
    onOpen(true, false);
    this.#server = new CountingDeviceServer(new UnitServer(this.#unit), clock);
    device.attach(lun, this.#server);
  }

  #assertSize({ size_bytes }: Store): void {
    const { path, size_bytes: expected_bytes } = this.volume.standbyLeg;
    if (size_bytes === expected_bytes) return;
    throw new SpareError(
      'precondition',
      'LUN_SIZE_CHANGED',
      `Cannot serve ${path}: expected ${expected_bytes} bytes, found ${size_bytes}`,
      {
        hint: `Find out what changed its size: the array of ${this.#options.host} cannot use it like this`,
      },
    );
  }

  /**
   * Removes the LUN, flushes and closes the store. The file is then free.
   * @param untilIdle Resolves when no task of any session can have a further effect.
   */
  close(untilIdle: () => Promise<void>): Promise<void> {
    this.#closing ??= this.#close(untilIdle).finally(() => {
      this.#closing = undefined;
    });
    return this.#closing;
  }

  async #close(untilIdle: () => Promise<void>): Promise<void> {
    const unit = this.#unit;
    this.#options.device.detach(this.volume.lun);
    await untilIdle();
    this.#unit = undefined;
    if (!unit) return;
    let flushed = false;
    try {
      await new Promise<void>((resolve, reject) => unit.close((error) => (error ? reject(error) : resolve())));
      flushed = true;
    } finally {
      this.#options.onOpen(false, flushed);
    }
  }

  /** Whether there are lost writes to be accepted. */
  hasLoss(): boolean {
    return this.#loss.stands();
  }

  /** Durably removes the record of lost writes. The volume is closed. */
  forgetLoss(): void {
    this.#loss.forget();
  }

  /** The disk failed the leg: close the LUN, as after a power loss. */
  condemn(): void {
    this.#loss.condemn();
  }

  status(): Omit<VolumeTargetStatus, 'ownership'> {
    return {
      volume: this.volume.name,
      lun: this.volume.lun,
      lost: this.lost,
      notServed: this.#notServed,
      lastWriteAt: this.#server?.lastWriteAt ?? null,
      counters: { ...(this.#server?.counters ?? NO_COUNTERS) },
    };
  }
}

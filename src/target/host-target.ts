import { join } from 'node:path';
import type { HostConfiguration, VolumeConfiguration } from '../config/schema.ts';
import { onlyVolume } from '../config/volumes.ts';
import { Target } from '../iscsi/target.ts';
import { LogicalUnit } from '../scsi/logical-unit.ts';
import { TargetDevice } from '../scsi/target-device.ts';
import type { ByteRange } from '../std/byte-range.ts';
import { type Clock, systemClock } from '../std/clock.ts';
import { SpareError } from '../std/errors.ts';
import { mountIdOf } from '../store/mount-id.ts';
import { openFileStore } from '../store/open-file-store.ts';
import { openRecordedStore } from '../store/open-recorded-store.ts';
import type { Store } from '../store/store.ts';
import type { HostTargetStatus, NotServed } from './client/control-protocol.ts';
import { CountingDeviceServer } from './counting-device-server.ts';
import { FenceRecord } from './fence-record.ts';
import { LegLoss } from './leg-loss.ts';
import { whyNotServed } from './not-served.ts';

const NO_COUNTERS = { reads: 0, writes: 0, flushes: 0, readBytes: 0, writtenBytes: 0, errors: 0 };

export interface HostTargetOptions {
  /** Called with `true` when the leg is open, before anything is written to it, and with `false` when it is closed. */
  onOpen?: (isOpen: boolean) => void;
  /** Called when the disk failed the leg and the LUN is closed: `lost` lists the ranges that may be stale. */
  onLost?: () => void;
  /** Called with `true` when the disk failed the leg and its record does not say so yet, and with `false` when it does, or the loss was accepted. */
  onFailed?: (failed: boolean) => void;
  /** The disk failed the leg under an earlier process, and the record may not say so. @default false */
  failed?: boolean;
  /** @default openFileStore */
  openStore?: (path: string) => Store;
  /** @default systemClock */
  clock?: Clock;
}

/** One host's target: its store, its logical unit, its sessions, its fence record. Nothing is shared between hosts. */
export class HostTarget {
  readonly configuration: HostConfiguration;
  readonly target: Target;
  readonly #volume: VolumeConfiguration;
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #fence: FenceRecord;
  readonly #loss: LegLoss;
  #unit: LogicalUnit | undefined;
  #device: CountingDeviceServer | undefined;
  readonly #onOpen: (isOpen: boolean) => void;
  readonly #openStore: (path: string) => Store;
  #closing: Promise<void> | undefined;
  /** The error of the last attempt to open, if it failed. */
  #notServed: NotServed | null = null;

  /** @param folder The host's folder in the pool. */
  constructor(configuration: HostConfiguration, folder: string, options: HostTargetOptions = {}) {
    this.configuration = configuration;
    this.#volume = onlyVolume(configuration);
    this.#folder = folder;
    this.#onOpen = options.onOpen ?? (() => {});
    this.#openStore = options.openStore ?? ((path) => openFileStore({ path }));
    const { onLost = () => {}, onFailed = () => {}, clock = systemClock } = options;
    this.#clock = clock;
    this.#fence = new FenceRecord(folder, clock);
    this.#loss = new LegLoss({
      folder,
      leg: this.#volume.standbyLeg,
      onFailed,
      clock,
      close: (reason) => this.close(reason),
      onRecorded: () => (this.lost.length > 0 ? onLost() : this.open()),
    });
    const { iqn, initiatorName, chap, mutualChap } = configuration.target;
    this.target = new Target({
      name: iqn,
      luns: [this.#volume.lun],
      deviceServer: undefined,
      fenced: this.#fence.stands,
      initiatorName,
      chap,
      mutualChap,
    });
    if (options.failed) this.condemn();
  }

  /** Lost writes after a power loss or a failed flush: while this is not empty, the LUN is not served. */
  get lost(): readonly ByteRange[] {
    return this.#loss.ranges;
  }

  /**
   * Opens the store and accepts the initiator. Does nothing if the host is fenced, the store is open already, or the leg may
   * have lost writes: the array would treat it as in sync.
   */
  open(): void {
    try {
      this.#open();
      this.#notServed = null;
    } catch (error) {
      this.#notServed = whyNotServed(error, this.#volume.standbyLeg.path);
      throw error;
    }
  }

  #open(): void {
    if (this.#unit || this.#loss.isCondemned) return;
    const { name, target } = this.configuration;
    const { lun, standbyLeg: leg } = this.#volume;
    // Read before the leg is opened: if it is remounted in between, the record names the older mount and is not trusted.
    const mountId = mountIdOf(leg.path);
    if (this.#loss.look(mountId).length > 0 || this.target.fenced) return;
    let store: Store = this.#openStore(leg.path);
    try {
      if (store.size_bytes !== leg.size_bytes) {
        throw new SpareError(
          'precondition',
          'LUN_SIZE_CHANGED',
          `Cannot serve ${leg.path}: expected ${leg.size_bytes} bytes, found ${store.size_bytes}`,
          {
            hint: `Find out what changed its size: the array of ${name} cannot use it like this`,
          },
        );
      }
      if (mountId === undefined) throw new Error('It was not there a moment ago');
      const path = this.#loss.regionsPath;
      store = openRecordedStore({ below: store, path, mountId, clock: this.#clock, onCondemned: () => this.condemn() });
      this.#unit = new LogicalUnit({
        store,
        identity: `${target.iqn},lun${lun}`,
        // Write-back: acknowledged writes that are not flushed yet are in the marked regions.
        writeCache: true,
        reservationsPath: join(this.#folder, 'reservations'),
      });
    } catch (error) {
      store.close(() => {});
      throw error;
    }
    this.#onOpen(true);
    this.#device = new CountingDeviceServer(new TargetDevice([{ lun, unit: this.#unit }]), this.#clock);
    this.target.deviceServer = this.#device;
  }

  /** Ends the sessions, waits for outstanding requests, flushes and closes the store. The file is then free. */
  close(reason: string): Promise<void> {
    this.#closing ??= this.#close(reason).finally(() => {
      this.#closing = undefined;
    });
    return this.#closing;
  }

  async #close(reason: string): Promise<void> {
    const unit = this.#unit;
    this.target.deviceServer = undefined;
    await new Promise<void>((resolve) => this.target.sessions.endAll(reason, resolve));
    this.#unit = undefined;
    if (!unit) return;
    try {
      await new Promise<void>((resolve, reject) => unit.close((error) => (error ? reject(error) : resolve())));
    } finally {
      this.#onOpen(false);
    }
  }

  /** Durable first, so that a fenced host cannot come back, whatever happens to this process. */
  async fence(): Promise<void> {
    this.#fence.write();
    this.target.fenced = true;
    await this.close('fenced');
  }

  unfence(): void {
    this.target.fenced = false;
    try {
      this.open();
    } catch (error) {
      this.target.fenced = true;
      throw error;
    }
    this.#fence.remove();
  }

  /**
   * Durably removes the record of lost writes and serves the LUN. The caller has made sure that those ranges are written again
   * before the leg is trusted.
   */
  async accept(): Promise<void> {
    if (this.#loss.stands()) {
      // The caller accepts that this store can no longer be flushed.
      await this.close('the leg has lost writes').catch(() => {});
      this.#loss.forget();
    }
    this.open();
  }

  /** The disk failed the leg: close the LUN, as after a power loss. */
  condemn(): void {
    this.#loss.condemn();
  }

  status(): HostTargetStatus {
    const { target } = this;
    return {
      host: this.configuration.name,
      iqn: target.name,
      pid: process.pid,
      responding: true,
      fenced: target.fenced,
      lost: this.lost,
      notServed: this.#notServed,
      sessions: [...target.sessions].map(({ identity: { initiatorName, remoteAddress, since } }) => ({
        initiatorName,
        remoteAddress,
        since,
      })),
      lastPduAt: target.lastPduAt,
      lastWriteAt: this.#device?.lastWriteAt ?? null,
      sessionEndedAt: target.sessions.size > 0 ? null : target.sessions.lastEndedAt,
      counters: { ...(this.#device?.counters ?? NO_COUNTERS) },
    };
  }
}

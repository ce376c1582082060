import { existsSync } from 'node:fs';
import type { HostConfiguration, VolumeConfiguration } from '../config/schema.ts';
import { Target } from '../iscsi/target.ts';
import { inquiryText } from '../ownership/inquiry-text.ts';
import type { OwnershipKeeper } from '../ownership/keeper.ts';
import type { LeaseFacts } from '../ownership/lease.ts';
import { standbyKeeper } from '../ownership/standby-keeper.ts';
import { TargetDevice } from '../scsi/target-device.ts';
import { type Clock, systemClock } from '../std/clock.ts';
import { SpareError } from '../std/errors.ts';
import type { EventLog } from '../std/event.ts';
import { openFileStore } from '../store/open-file-store.ts';
import type { Store } from '../store/store.ts';
import type { HostTargetStatus, VolumeTargetStatus } from './client/control-protocol.ts';
import { leaseFactsOf } from './client/lease-facts.ts';
import { FenceRecord } from './fence-record.ts';
import { HeardFile } from './heard-file.ts';
import { Hearing } from './hearing.ts';
import { HostOwnership } from './host-ownership.ts';
import { whyNotServed } from './not-served.ts';
import { VolumeOwnership } from './volume-ownership.ts';
import { VolumeUnit } from './volume-unit.ts';

/** How often it is looked whether a lease is over. */
const SETTLE_ms = 1_000;

export interface HostTargetOptions {
  /** Called with `true` when the leg of a volume is open, before anything is written to it, and with `false` when it is closed. */
  onOpen?: (volume: string, isOpen: boolean, flushed: boolean) => void;
  /** Called when the disk failed the leg of a volume and its LUN is closed: its `lost` lists the ranges that may be stale. */
  onLost?: (volume: string) => void;
  /** Called with `true` when the disk failed a leg and its record does not say so yet, and with `false` when it does, or the loss was accepted. */
  onFailed?: (volume: string, failed: boolean) => void;
  /** The volumes whose legs the disk failed under an earlier process: their records may not say so. @default none */
  failed?: readonly string[];
  /** Of the file that keeps over a restart of the process when the host was heard. @default none */
  heardPath?: string | undefined;
  /** @default the one of the standby */
  keeper?: OwnershipKeeper;
  /** @default nowhere */
  report?: EventLog;
  /** @default openFileStore */
  openStore?: (path: string) => Store;
  /** @default systemClock */
  clock?: Clock;
}

/**
 * One host's target: its sessions, its fence record, and a LUN for each volume. Nothing is shared between hosts.
 *
 * A volume that cannot be served is no reason not to serve the others: its LUN is missing from the target until it can.
 * Initiators are refused while no LUN is served.
 */
export class HostTarget {
  readonly configuration: HostConfiguration;
  readonly target: Target;
  readonly #fence: FenceRecord;
  readonly #device = new TargetDevice();
  readonly #units: ReadonlyMap<string, VolumeUnit>;
  readonly #clock: Clock;
  readonly #hearing: Hearing;
  readonly #ownership: HostOwnership;
  #lease_s: number;
  #isSettling = false;

  /** @param folder The host's folder in the pool. */
  constructor(configuration: HostConfiguration, folder: string, options: HostTargetOptions = {}) {
    this.configuration = configuration;
    this.#clock = options.clock ?? systemClock;
    this.#lease_s = configuration.replacementTimeout_s;
    this.#fence = new FenceRecord(folder, options.clock);
    const { iqn, initiatorName, chap, mutualChap } = configuration.target;
    this.target = new Target({
      name: iqn,
      luns: configuration.volumes.map(({ lun }) => lun),
      deviceServer: undefined,
      fenced: this.#fence.stands,
      initiatorName,
      chap,
      mutualChap,
    });
    const file = options.heardPath === undefined ? undefined : new HeardFile(options.heardPath, this.#clock.bootId);
    this.#hearing = new Hearing({
      target: this.target,
      clock: this.#clock,
      lease_ms: () => this.#lease_s * 1000,
      file,
    });
    this.#ownership = this.#makeOwnership(options);
    this.target.gate = this.#ownership;
    this.#units = new Map(configuration.volumes.map((volume) => [volume.name, this.#makeUnit(volume, options)]));
    for (const volume of options.failed ?? []) this.condemn(volume);
  }

  #makeOwnership({ keeper, report = () => {} }: HostTargetOptions): HostOwnership {
    const { name: host, volumes } = this.configuration;
    const ownershipOf = ({ name: volume, standbyLeg: { path } }: VolumeConfiguration) =>
      new VolumeOwnership({
        id: { host, volume },
        keeper: keeper ?? standbyKeeper(() => ({ [host]: this.configuration }), this.#clock),
        clock: this.#clock,
        facts: () => this.#leaseFacts(),
        isFenced: () => this.target.fenced,
        hasLeg: () => existsSync(path),
      });
    return new HostOwnership({
      host,
      volumes: volumes.map((volume) => ({ lun: volume.lun, ownership: ownershipOf(volume) })),
      hearing: this.#hearing,
      report,
    });
  }

  #leaseFacts(): LeaseFacts {
    const { any: lastPduAt, session: sessionHeardAt } = this.#hearing;
    return leaseFactsOf({ lastPduAt, sessionHeardAt }, { replacementTimeout_s: this.#lease_s }, this.#clock);
  }

  #makeUnit(volume: VolumeConfiguration, options: HostTargetOptions): VolumeUnit {
    const { name } = volume;
    const { onOpen = () => {}, onLost = () => {}, onFailed = () => {}, openStore, clock = systemClock } = options;
    const unit: VolumeUnit = new VolumeUnit({
      host: this.configuration.name,
      iqn: this.configuration.target.iqn,
      volume,
      device: this.#device,
      clock,
      openStore: openStore ?? ((path) => openFileStore({ path })),
      onOpen: (isOpen, flushed) => onOpen(name, isOpen, flushed),
      onFailed: (failed) => onFailed(name, failed),
      vendorText: () => inquiryText(this.#ownership.of(name)),
      close: async (reason) => {
        await this.#ownership.takingAway(name);
        await this.#close(reason, [unit]);
      },
      onRecorded: () => (unit.lost.length > 0 ? onLost(name) : this.open(name)),
    });
    return unit;
  }

  set lease_s(value: number) {
    this.#lease_s = value;
  }

  /** Begins to listen, and to keep the ownership records. */
  start(): void {
    this.#hearing.start();
    this.#clock.every(SETTLE_ms, () => void this.#settleAgain()).unref();
    void this.#settleAgain();
  }

  /** Brings the ownership records up to date. A host whose volume the standby owns is fenced, even if the record of that is gone. */
  async settle(): Promise<void> {
    this.#reserveFence();
    await this.#ownership.settle();
    if (this.#ownership.ofStandby !== undefined && !this.target.fenced) await this.fence();
  }

  /** A host that an older version enrolled is served even if there is no space for it: it is tried again. */
  #reserveFence(): void {
    try {
      this.#fence.reserve();
    } catch {}
  }

  /** Not while it is still being done: the keeper may hang. What fails is tried again. */
  async #settleAgain(): Promise<void> {
    if (this.#isSettling) return;
    this.#isSettling = true;
    await this.settle().catch(() => {});
    this.#isSettling = false;
  }

  /** A volume that is served here. @throws Error if there is none of this name */
  unit(volume: string): VolumeUnit {
    const unit = this.#units.get(volume);
    if (!unit) throw new Error(`${this.configuration.name} has no volume named '${volume}'`);
    return unit;
  }

  /**
   * Opens the store of a volume, or of each, and accepts the initiator. Does nothing if the host is fenced, the store is open
   * already, or the leg may have lost writes: the array would treat it as in sync.
   * @throws the error of the first volume that cannot be opened, once all have been tried; of all together also if there is no
   *   space for a fence record
   */
  open(volume?: string): void {
    const errors: unknown[] = [];
    for (const unit of volume === undefined ? this.#units.values() : [this.unit(volume)]) {
      try {
        unit.open(this.target.fenced);
      } catch (error) {
        errors.push(error);
      }
    }
    this.#admit();
    if (errors.length > 0) throw errors[0];
    if (volume === undefined && this.#device.size > 0) this.#fence.reserve();
  }

  /** Ends the sessions, waits for outstanding requests, flushes and closes the stores. Their files are then free. */
  close(reason: string): Promise<void> {
    return this.#close(reason, [...this.#units.values()]);
  }

  /** A session serves all LUNs, so all sessions end. The initiator logs in again, and finds the LUNs that are still served. */
  async #close(reason: string, units: readonly VolumeUnit[]): Promise<void> {
    const untilIdle = () => {
      this.#admit();
      return new Promise<void>((resolve) => this.target.sessions.endAll(reason, resolve));
    };
    const closed = await Promise.allSettled(units.map((unit) => unit.close(untilIdle)));
    for (const result of closed) if (result.status === 'rejected') throw result.reason;
  }

  /** Logins are accepted as long as a LUN is served. */
  #admit(): void {
    this.target.deviceServer = this.#device.size > 0 ? this.#device : undefined;
  }

  /** Durable first, so that a fenced host cannot come back, whatever happens to this process. */
  async fence(): Promise<void> {
    this.#fence.write();
    this.target.fenced = true;
    await this.close('fenced');
  }

  /** Either all volumes can be opened, or the host stays fenced. */
  async unfence(): Promise<void> {
    this.#assertNotOfStandby();
    this.target.fenced = false;
    try {
      this.open();
    } catch (error) {
      this.target.fenced = true;
      await this.close('fenced');
      throw error;
    }
    this.#fence.remove();
  }

  #assertNotOfStandby(): void {
    const volume = this.#ownership.ofStandby;
    if (volume === undefined) return;
    const { name } = this.configuration;
    throw new SpareError(
      'refused',
      'STANDBY_OWNS_VOLUME',
      `Cannot serve the LUNs of ${name}: the standby owns its volume '${volume}'`,
      { hint: `To give it back to the primary, run: spare failback ${name}` },
    );
  }

  /**
   * Durably removes the record of a volume's lost writes and serves its LUN. The caller has made sure that those ranges are
   * written again before the leg is trusted.
   */
  async accept(volume: string): Promise<void> {
    const unit = this.unit(volume);
    if (unit.hasLoss()) {
      // The caller accepts that this store can no longer be flushed.
      await this.#close('the leg has lost writes', [unit]).catch(() => {});
      unit.forgetLoss();
    }
    this.open(volume);
  }

  /** The disk failed the leg of a volume: close its LUN, as after a power loss. */
  condemn(volume: string): void {
    this.unit(volume).condemn();
  }

  status(): HostTargetStatus {
    const { target } = this;
    return {
      host: this.configuration.name,
      iqn: target.name,
      pid: process.pid,
      responding: true,
      fenced: target.fenced,
      sessions: [...target.sessions].map(({ identity: { initiatorName, remoteAddress, since } }) => ({
        initiatorName,
        remoteAddress,
        since,
      })),
      lastPduAt: this.#hearing.any,
      sessionHeardAt: this.#hearing.session,
      sessionEndedAt: target.sessions.size > 0 ? null : target.sessions.lastEndedAt,
      volumes: [...this.#units.values()].map((unit) => this.#volumeStatus(unit)),
    };
  }

  #volumeStatus(unit: VolumeUnit): VolumeTargetStatus {
    const { name, standbyLeg } = unit.volume;
    const record = this.#ownership.of(name);
    const failure = this.#ownership.failureOf(name);
    const status = unit.status();
    return {
      ...status,
      notServed: failure === undefined ? status.notServed : whyNotServed(failure, standbyLeg.path),
      ownership: record ? { epoch: record.epoch, owner: record.owner, cause: record.cause } : null,
    };
  }
}

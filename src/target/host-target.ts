import { join } from 'node:path';
import type { HostConfiguration } from '../config/schema.ts';
import { Target } from '../iscsi/target.ts';
import { LogicalUnit } from '../scsi/logical-unit.ts';
import { TargetDevice } from '../scsi/target-device.ts';
import { SpareError } from '../std/errors.ts';
import { openFileStore } from '../store/open-file-store.ts';
import type { HostTargetStatus } from './control-protocol.ts';
import { CountingDeviceServer } from './counting-device-server.ts';
import { FenceRecord } from './fence-record.ts';

export const LUN = 1;

const NO_COUNTERS = { reads: 0, writes: 0, flushes: 0, readBytes: 0, writtenBytes: 0, errors: 0 };

/** One host's target: its store, its logical unit, its sessions, its fence record. Nothing is shared between hosts. */
export class HostTarget {
  readonly configuration: HostConfiguration;
  readonly target: Target;
  readonly #folder: string;
  readonly #fence: FenceRecord;
  #unit: LogicalUnit | undefined;
  #device: CountingDeviceServer | undefined;

  /** @param folder The host's folder in the pool. */
  constructor(configuration: HostConfiguration, folder: string) {
    this.configuration = configuration;
    this.#folder = folder;
    this.#fence = new FenceRecord(folder);
    const { iqn, initiatorName, chap, mutualChap } = configuration.target;
    this.target = new Target({
      name: iqn,
      lun: LUN,
      deviceServer: undefined,
      fenced: this.#fence.stands,
      initiatorName,
      chap,
      mutualChap,
    });
  }

  /** Opens the store and lets the initiator in. Does nothing while the host is fenced, or when it is open already. */
  open(): void {
    if (this.target.fenced || this.#unit) return;
    const { name, target } = this.configuration;
    const store = openFileStore({ path: target.path });
    if (store.size_bytes !== target.size_bytes) {
      store.close(() => {});
      throw new SpareError(
        'precondition',
        'LUN_SIZE_CHANGED',
        `Cannot serve ${target.path}: its size must be ${target.size_bytes} bytes, it is ${store.size_bytes}`,
        {
          hint: `Find out what changed it: the mirror set of ${name} keeps its superblock at a place that depends on the size`,
        },
      );
    }
    const unit = new LogicalUnit({
      store,
      identity: `${target.iqn},lun${LUN}`,
      // Write-through: what the mirror set was told is written survives a loss of power here.
      writeCache: false,
      reservationsPath: join(this.#folder, 'reservations'),
    });
    this.#unit = unit;
    this.#device = new CountingDeviceServer(new TargetDevice({ lun: LUN, unit }));
    this.target.deviceServer = this.#device;
  }

  /** Ends the sessions, waits for what the store has in its hands, flushes and closes it. The file is nobody's afterwards. */
  async close(reason: string): Promise<void> {
    const unit = this.#unit;
    this.target.deviceServer = undefined;
    await new Promise<void>((resolve) => this.target.endSessions(reason, resolve));
    this.#unit = undefined;
    if (!unit) return;
    await new Promise<void>((resolve, reject) => unit.close((error) => (error ? reject(error) : resolve())));
  }

  /** Durable first, so that a host which is fenced can't come back, whatever happens to this process. */
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
      lastPduAt: target.lastPduAt,
      lastWriteAt: this.#device?.lastWriteAt ?? null,
      sessionEndedAt: target.sessions.size > 0 ? null : target.sessionEndedAt,
      counters: { ...(this.#device?.counters ?? NO_COUNTERS) },
    };
  }
}

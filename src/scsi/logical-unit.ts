import { BufferPool } from '../std/buffer-pool.ts';
import type { Store, StoreCallback } from '../store/store.ts';
import { ExecutingTasks } from './executing-tasks.ts';
import { type UnitIdentity, unitIdentity } from './identity.ts';
import { ModePages } from './mode-pages.ts';
import { RangeLock } from './range-lock.ts';
import { Reservations } from './reservations.ts';
import { encodeSense, SENSE, type Sense } from './sense.ts';
import { type Nexus, STATUS, type TaskResult } from './task.ts';
import { UnitAttentions } from './unit-attentions.ts';

export interface LogicalUnitOptions {
  /** Its size is rounded down to whole blocks. The unit closes it in `close`. */
  store: Store;
  /** Stable and unique, e.g. the target's name and the LUN: serial number and NAA identifier are derived from it. */
  identity: string;
  /** @default 512 */
  blockSize_bytes?: 512 | 4096;
  /** A power of two times the block size. @default the block size, at least 4096 */
  physicalBlockSize_bytes?: number;
  /** Whether UNMAP and related commands are offered. @default depends on the store */
  thin?: boolean;
  /** @default what the store says */
  readOnly?: boolean;
  /** @default false */
  removable?: boolean;
  /**
   * True: write-back (WCE=1), durable after SYNCHRONIZE CACHE or with FUA. False: write-through, every write is durable when
   * it is acknowledged, and an initiator cannot change that. @default true
   */
  writeCache?: boolean;
  /** Called for each standard INQUIRY: at most 20 characters for its vendor-specific bytes. @default none */
  vendorText?: () => string;
  /** Where persistent reservations with APTPL are kept; without it APTPL is not offered. */
  reservationsPath?: string;
}

/**
 * The state of one logical unit: a direct access block device (SBC-3) over a store. `execution/` works on it, and `commands/` change it.
 *
 *     const unit = new LogicalUnit({ store: openFileStore({ path }), identity: `${iqn},lun1`, writeCache: false });
 *     const device = new TargetDevice([{ lun: 1, unit }]);
 */
export class LogicalUnit {
  readonly store: Store;
  readonly blockSize_bytes: number;
  readonly physicalBlockSize_bytes: number;
  readonly blockCount: number;
  readonly thin: boolean;
  readonly removable: boolean;
  readonly identity: UnitIdentity;
  readonly modePages: ModePages;
  readonly attentions = new UnitAttentions();
  readonly reservations: Reservations;
  readonly ranges = new RangeLock();
  readonly readBuffers = new BufferPool();
  readonly tasks = new ExecutingTasks();
  /** Nexuses that hold the medium with PREVENT ALLOW MEDIUM REMOVAL. */
  readonly preventing = new Set<string>();
  medium: 'ready' | 'ejected' = 'ready';
  readonly readOnly: boolean;
  readonly vendorText: () => string;

  constructor(options: LogicalUnitOptions) {
    const { store } = options;
    this.store = store;
    this.blockSize_bytes = options.blockSize_bytes ?? 512;
    this.physicalBlockSize_bytes = options.physicalBlockSize_bytes ?? Math.max(4096, this.blockSize_bytes);
    this.blockCount = Math.floor(store.size_bytes / this.blockSize_bytes);
    this.thin = options.thin ?? store.thin;
    this.removable = options.removable ?? false;
    this.identity = unitIdentity(options.identity);
    this.modePages = new ModePages({ writeCache: options.writeCache ?? true });
    this.reservations = new Reservations(this.attentions, options.reservationsPath);
    this.vendorText = options.vendorText ?? (() => '');
    this.readOnly = (options.readOnly ?? false) || store.readOnly;
  }

  get writeProtected(): boolean {
    return this.readOnly || this.modePages.softwareWriteProtect;
  }

  /** CHECK CONDITION with its sense data in the format that the control mode page asks for. */
  failed(sense: Sense): TaskResult {
    return { status: STATUS.checkCondition, sense: encodeSense(sense, this.modePages.descriptorSense) };
  }

  /** Ends reservations of RESERVE(6) and prevented removals, resets the mode pages to their defaults, and notifies every nexus. */
  reset(): void {
    this.reservations.releaseClassic();
    this.preventing.clear();
    this.modePages.reset();
    this.attentions.reset(SENSE.powerOnOrReset);
  }

  nexusLost(nexus: Nexus): void {
    this.reservations.releaseClassic(nexus.id);
    this.preventing.delete(nexus.id);
    this.attentions.forget(nexus.id);
  }

  /** Flushes and closes the store. The caller has made sure that no task is running. */
  close(done: StoreCallback): void {
    this.store.close(done);
  }
}

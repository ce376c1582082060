import { BufferPool } from '../std/buffer-pool.ts';
import type { Store, StoreCallback } from '../store/store.ts';
import type { Command } from './command.ts';
import { findCommand, hasServiceActions } from './command-table.ts';
import { ExecutingTasks } from './executing-tasks.ts';
import { type UnitIdentity, unitIdentity } from './identity.ts';
import { ModePages } from './mode-pages.ts';
import { RangeLock } from './range-lock.ts';
import { Reservations } from './reservations.ts';
import { CheckCondition, encodeSense, invalidCdbField, SENSE, type Sense } from './sense.ts';
import { type DeviceServer, type Nexus, STATUS, type Task, type TaskResult } from './task.ts';
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
  /** Whether UNMAP and what belongs to it are offered. @default what the store can do */
  thin?: boolean;
  /** @default what the store says */
  readOnly?: boolean;
  /** @default false */
  removable?: boolean;
  /**
   * True: write-back (WCE=1), durable after SYNCHRONIZE CACHE or with FUA. False: write-through, every write is durable when
   * it is acknowledged, and an initiator can't turn that off. @default true
   */
  writeCache?: boolean;
  /** Where persistent reservations with APTPL are kept; without it APTPL is not offered. */
  reservationsPath?: string;
}

export type Done = (result: TaskResult) => void;

/**
 * One logical unit: a direct access block device (SBC-3) over a store. Shared by all sessions that reach it.
 *
 *     const unit = new LogicalUnit({ store: openFileStore({ path }), identity: `${iqn},lun1`, writeCache: false });
 *     const device = new TargetDevice({ lun: 1, unit });
 */
export class LogicalUnit implements DeviceServer {
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
  readonly #readOnly: boolean;

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
    this.#readOnly = (options.readOnly ?? false) || store.readOnly;
  }

  execute(task: Task, done: Done): void {
    const command = findCommand(this, task.cdb);
    const wanted_bytes = command?.dataOutLength_bytes?.(task.cdb, this) ?? 0;
    const execution = this.tasks.begin(task);
    this.#execute(task, command, (result) => {
      this.tasks.end(execution);
      // The transfer layer makes the residual of it.
      done(wanted_bytes === task.dataOutLength_bytes ? result : { ...result, dataOutWanted_bytes: wanted_bytes });
    });
  }

  #execute(task: Task, found: Command | undefined, done: Done): void {
    try {
      const command = this.#admit(task, found);
      if (command === undefined) done({ status: STATUS.reservationConflict });
      else command.run(this, task, done);
    } catch (error) {
      if (!(error instanceof CheckCondition)) throw error;
      done(this.failed(error.sense));
    }
  }

  /**
   * What stands before every command, in the order of SAM-5 §5.3.3: unit attention, opcode, control byte, reservation,
   * medium, write protection. `undefined` is a reservation conflict.
   */
  #admit({ cdb, nexus, dataOutLength_bytes }: Task, command: Command | undefined): Command | undefined {
    if (command?.attention !== 'keep') {
      const condition = this.attentions.takeNext(nexus.id);
      if (condition !== undefined) throw new CheckCondition(condition);
    }
    if (command === undefined) throw unknownCommand(cdb);
    checkControl(cdb, command);
    if (this.reservations.conflicts(nexus.id, command, cdb)) return undefined;
    if (command.medium && this.medium !== 'ready') throw new CheckCondition(SENSE.mediumNotPresent);
    if (command.writes) this.#checkWritable();
    if (command.exactDataOut && command.dataOutLength_bytes?.(cdb, this) !== dataOutLength_bytes) {
      throw new CheckCondition(SENSE.invalidFieldInCdb);
    }
    return command;
  }

  #checkWritable(): void {
    if (this.#readOnly) throw new CheckCondition(SENSE.writeProtected);
    if (this.modePages.softwareWriteProtect) throw new CheckCondition(SENSE.softwareWriteProtected);
  }

  get writeProtected(): boolean {
    return this.#readOnly || this.modePages.softwareWriteProtect;
  }

  /** CHECK CONDITION with its sense data in the format that the control mode page asks for. */
  failed(sense: Sense): TaskResult {
    return { status: STATUS.checkCondition, sense: encodeSense(sense, this.modePages.descriptorSense) };
  }

  /** One block more for the commands that must have exactly what they ask for, so that too much is seen. */
  dataOutLength_bytes(cdb: Buffer): number | undefined {
    const command = findCommand(this, cdb);
    if (command === undefined) return undefined;
    const wanted_bytes = command.dataOutLength_bytes?.(cdb, this) ?? 0;
    return command.exactDataOut ? wanted_bytes + this.blockSize_bytes : wanted_bytes;
  }

  /** Pending reservations of RESERVE(6) and prevented removals end, mode pages return to their defaults, everybody is told. */
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

  /** Flushes and closes the store. The caller has seen to it that no task is under way. */
  close(done: StoreCallback): void {
    this.store.close(done);
  }
}

/** A service action that an opcode doesn't have is a wrong field; an opcode that isn't there is a wrong opcode (SPC-4 §4.3.4). */
function unknownCommand(cdb: Buffer): CheckCondition {
  return hasServiceActions(cdb[0] ?? 0) ? invalidCdbField(1, 4) : new CheckCondition(SENSE.invalidOperationCode);
}

/** The CDB is whole, and NACA, which byte 3 of standard INQUIRY data says is not supported (SAM-5 §5.2), is not asked for. */
function checkControl(cdb: Buffer, command: Command): void {
  const controlAt = command.usage.length - 1;
  if (cdb.length <= controlAt) throw new CheckCondition(SENSE.invalidFieldInCdb);
  if (((cdb[controlAt] ?? 0) & 0x04) !== 0) throw invalidCdbField(controlAt, 2);
}

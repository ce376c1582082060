import type { OwnershipKeeper } from '../ownership/keeper.ts';
import { type LeaseFacts, ownerNow } from '../ownership/lease.ts';
import type { OwnershipCause, OwnershipRecord, VolumeId } from '../ownership/record.ts';
import type { Clock } from '../std/clock.ts';
import { SpareError } from '../std/errors.ts';

/** Somebody else changed the record in between, so often in a row. */
const ATTEMPTS = 10;

export interface VolumeOwnershipOptions {
  id: VolumeId;
  keeper: OwnershipKeeper;
  clock: Clock;
  facts(): LeaseFacts;
  isFenced(): boolean;
  /** Without its leg, as while the pool is not mounted, a volume gets no record: it may have one there. */
  hasLeg(): boolean;
}

/** What the target writes into the ownership record of one volume. Free of I/O but for the keeper. */
export class VolumeOwnership {
  readonly id: VolumeId;
  readonly #options: VolumeOwnershipOptions;
  #record: OwnershipRecord | undefined;
  /** Changes are made one after the other. */
  #last: Promise<unknown> = Promise.resolve();
  /** A lost leg that waits for its turn. */
  #waitingLoss: Promise<OwnershipRecord> | undefined;

  constructor(options: VolumeOwnershipOptions) {
    this.id = options.id;
    this.#options = options;
  }

  /** The record when it was last looked at or changed here, with the owner of now. `undefined`: there was none, or it could not be read. */
  get record(): OwnershipRecord | undefined {
    const { facts, clock } = this.#options;
    return this.#record && { ...this.#record, owner: ownerNow(this.#record, facts(), clock) };
  }

  /** Records what time has done: the first record, a boot of the standby, a lease that is over. @throws SpareError of the keeper */
  settle(): Promise<OwnershipRecord | undefined> {
    return this.#inTurn(() => this.#settle());
  }

  /** A normal session begins. Records nothing if the standby owns the volume. @throws SpareError of the keeper */
  loggedIn(): Promise<OwnershipRecord | undefined> {
    return this.#inTurn(async () => {
      await this.#settle();
      return this.#once('logged-in');
    });
  }

  /**
   * The primary may give up the standby leg. Records nothing if the standby owns the volume.
   * @throws SpareError of the keeper; Error if there is no record
   */
  legLost(): Promise<OwnershipRecord> {
    // Many commands may fail at once: one change that has not begun yet is about all of them.
    this.#waitingLoss ??= this.#inTurn(() => {
      this.#waitingLoss = undefined;
      return this.#loseLeg();
    });
    return this.#waitingLoss;
  }

  async #loseLeg(): Promise<OwnershipRecord> {
    await this.#settle();
    const record = await this.#once('leg-lost');
    if (!record) throw new Error(`Cannot record the loss of a leg: ${this.id.volume} has no ownership record`);
    return record;
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#last.then(change);
    this.#last = result.catch(() => {});
    return result;
  }

  #settle(): Promise<OwnershipRecord | undefined> {
    return this.#update((record) => this.#dueFor(record));
  }

  #dueFor(record: OwnershipRecord | undefined): OwnershipCause | undefined {
    const { clock, facts, isFenced, hasLeg } = this.#options;
    if (!record) return hasLeg() ? (isFenced() ? 'created-fenced' : 'created') : undefined;
    if (record.owner !== 'pair') return undefined;
    if (record.changed.bootId !== clock.bootId) return 'standby-booted';
    return ownerNow(record, facts(), clock) === 'pair' ? undefined : 'lease-expired';
  }

  #once(cause: OwnershipCause): Promise<OwnershipRecord | undefined> {
    let isDone = false;
    return this.#update(
      (record) => (isDone || !record || record.owner === 'standby' ? undefined : cause),
      () => {
        isDone = true;
      },
    );
  }

  /** Changes the record for as long as there is a cause. */
  async #update(
    causeFor: (record: OwnershipRecord | undefined) => OwnershipCause | undefined,
    changed = () => {},
  ): Promise<OwnershipRecord | undefined> {
    const { keeper } = this.#options;
    this.#record = await this.#read();
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const cause = causeFor(this.#record);
      if (cause === undefined) return this.#record;
      try {
        this.#record = await keeper.change(this.id, this.#record?.epoch, cause);
        changed();
      } catch (error) {
        if (!(error instanceof SpareError && error.code === 'OWNERSHIP_CHANGED')) throw error;
        this.#record = await this.#read();
      }
    }
    throw new Error(`Cannot change the ownership record of ${this.id.volume}: it keeps changing`);
  }

  async #read(): Promise<OwnershipRecord | undefined> {
    try {
      return await this.#options.keeper.read(this.id);
    } catch (error) {
      this.#record = undefined;
      throw error;
    }
  }
}

import { type Clock, systemClock, type Timer } from '../std/clock.ts';
import type { RegionMarks } from './region-marks.ts';
import type { Extent, Store, StoreCallback } from './store.ts';
import { storeError } from './store-error.ts';

/** A region keeps its mark for one to two of these intervals after its last write, so that a busy region is not marked repeatedly. */
const CLEAR_INTERVAL_ms = 5_000;

export interface RecordedStoreParts {
  /** The store closes it. */
  below: Store;
  /** The store closes them. */
  marks: RegionMarks;
  /** @default systemClock */
  clock?: Pick<Clock, 'every'>;
  /** Called once, when a flush failed or the record cannot be written: the store must no longer be used. */
  onCondemned?: () => void;
}

/**
 * A store with a durable record of the regions that may hold unflushed writes: after a power loss, all lost writes are within them.
 *
 * Before the first write to a region its mark is made durable; a write to a marked region costs a few additions. A mark is removed
 * when its region has been idle for a while, after a flush that started after the region's last write ended.
 */
export class RecordedStore implements Store {
  readonly size_bytes: number;
  readonly readOnly: boolean;
  readonly thin: boolean;
  readonly #below: Store;
  readonly #marks: RegionMarks;
  readonly #region_bytes: number;
  /** Changes in progress, per region. */
  readonly #changing: Uint32Array;
  /** 1 for a region with a change that started or ended since the last check. */
  readonly #touched: Uint8Array;
  readonly #timer: Timer;
  readonly #onCondemned: () => void;
  /** Ended changes, for reuse: a write allocates none. */
  readonly #spareChanges: Change[] = [];
  #pending = 0;
  #clearing = false;
  #condemned = false;
  #closed = false;
  #whenIdle: (() => void) | undefined;

  constructor({ below, marks, clock = systemClock, onCondemned = () => {} }: RecordedStoreParts) {
    this.size_bytes = below.size_bytes;
    this.readOnly = below.readOnly;
    this.thin = below.thin;
    this.#below = below;
    this.#marks = marks;
    this.#region_bytes = marks.region_bytes;
    this.#changing = new Uint32Array(marks.count);
    this.#touched = new Uint8Array(marks.count);
    this.#onCondemned = onCondemned;
    // It keeps no process alive.
    this.#timer = clock.every(CLEAR_INTERVAL_ms, () => this.#clearIdleRegions()).unref();
  }

  read(target: Buffer, offset_bytes: number, done: StoreCallback): void {
    if (!this.#refuse(done)) this.#below.read(target, offset_bytes, done);
  }

  write(sources: readonly Buffer[], offset_bytes: number, done: StoreCallback): void {
    if (this.#refuse(done)) return;
    let length_bytes = 0;
    for (const source of sources) length_bytes += source.length;
    const change = this.#begin(offset_bytes, length_bytes, done);
    if (this.#marks.cover(change.first, change.last)) this.#below.write(sources, offset_bytes, change.end);
    else this.#whenMarked(change, () => this.#below.write(sources, offset_bytes, change.end));
  }

  unmap(offset_bytes: number, length_bytes: number, done: StoreCallback): void {
    if (this.#refuse(done)) return;
    const change = this.#begin(offset_bytes, length_bytes, done);
    if (this.#marks.cover(change.first, change.last)) this.#below.unmap(offset_bytes, length_bytes, change.end);
    else this.#whenMarked(change, () => this.#below.unmap(offset_bytes, length_bytes, change.end));
  }

  flush(done: StoreCallback): void {
    if (this.#refuse(done)) return;
    this.#pending += 1;
    this.#below.flush((error) => {
      if (error !== null) this.#condemn();
      done(error);
      this.#leave();
    });
  }

  extentAt(offset_bytes: number, done: (error: NodeJS.ErrnoException | null, extent: Extent) => void): void {
    this.#below.extentAt(offset_bytes, done);
  }

  /**
   * Flushes and closes; the record is then clean, unless that failed. The underlying store is closed last: it holds the lock, and the
   * next process to open it must find the final record.
   */
  close(done: StoreCallback): void {
    if (this.#refuse(done)) return;
    this.#closed = true;
    this.#timer.stop();
    this.#whenIdle = () =>
      this.#below.flush((flushError) => {
        if (flushError !== null) this.#condemn();
        this.#marks.close(!this.#condemned, (recordError) =>
          this.#below.close((closeError) => done(flushError ?? recordError ?? closeError)),
        );
      });
    this.#checkIdle();
  }

  #begin(offset_bytes: number, length_bytes: number, done: StoreCallback): Change {
    const change = this.#spareChanges.pop() ?? new Change((ended, error) => this.#end(ended, error));
    change.first = Math.floor(offset_bytes / this.#region_bytes);
    change.last =
      length_bytes > 0 ? Math.floor((offset_bytes + length_bytes - 1) / this.#region_bytes) : change.first - 1;
    change.done = done;
    this.#pending += 1;
    for (let region = change.first; region <= change.last; region += 1) {
      this.#changing[region] = (this.#changing[region] ?? 0) + 1;
      this.#touched[region] = 1;
    }
    return change;
  }

  #end(change: Change, error: NodeJS.ErrnoException | null): void {
    const { done } = change;
    for (let region = change.first; region <= change.last; region += 1) {
      this.#changing[region] = (this.#changing[region] ?? 0) - 1;
      this.#touched[region] = 1;
    }
    this.#spareChanges.push(change);
    done(error);
    this.#leave();
  }

  #whenMarked(change: Change, perform: () => void): void {
    this.#marks.mark(change.first, change.last, (error) => {
      if (error === null) {
        perform();
        return;
      }
      this.#condemn();
      change.end(error);
    });
  }

  /** Finds regions that were idle since the last check. */
  #clearIdleRegions(): void {
    // Writes during a flush still count for their regions.
    if (this.#clearing || this.#condemned) return;
    const idle: number[] = [];
    for (let region = 0; region < this.#touched.length; region += 1) {
      if (this.#touched[region] === 1) this.#touched[region] = 0;
      else if (this.#changing[region] === 0 && this.#marks.isMarked(region)) idle.push(region);
    }
    if (idle.length === 0) return;
    this.#clearing = true;
    this.flush((error) => {
      this.#clearing = false;
      if (error === null) this.#marks.clear(idle.filter((region) => this.#touched[region] === 0));
    });
  }

  #condemn(): void {
    if (this.#condemned) return;
    this.#condemned = true;
    this.#marks.condemn();
    this.#onCondemned();
  }

  #leave(): void {
    this.#pending -= 1;
    this.#checkIdle();
  }

  #checkIdle(): void {
    if (this.#pending > 0) return;
    const whenIdle = this.#whenIdle;
    this.#whenIdle = undefined;
    whenIdle?.();
  }

  #refuse(done: StoreCallback): boolean {
    if (this.#closed) done(storeError('EBADF', 'The store is closed'));
    return this.#closed;
  }
}

/** A write or unmap in progress. */
class Change {
  first = 0;
  last = -1;
  done: StoreCallback = () => {};
  /** The callback for the underlying store. */
  readonly end: StoreCallback;

  constructor(ended: (change: Change, error: NodeJS.ErrnoException | null) => void) {
    this.end = (error) => ended(this, error);
  }
}

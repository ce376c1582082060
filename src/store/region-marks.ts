import { encodeRegionRecord, NO_BOOT_ID, type RegionRecord } from './region-record.ts';
import type { StoreCallback } from './store.ts';

/** The storage of the record. */
export interface RecordFile {
  /** Complete when the block survives a power loss. Until then the file may hold the old block, the new one, or a torn one. */
  replace(block: Buffer, done: StoreCallback): void;
  close(done: StoreCallback): void;
}

interface Waiting {
  first: number;
  last: number;
  done: StoreCallback;
}

/**
 * The durable marks of a record. Marks requested while the record is being written share its next write.
 *
 * After a failed write the record is not written again (`FlushQueue` says why). Its earlier durable marks stay on the disk, whatever
 * became of that write, so writes to those regions may continue; every new mark fails.
 */
export class RegionMarks {
  readonly #file: RecordFile;
  /** The content of the next block. */
  readonly #record: RegionRecord;
  /** 1 for a mark that is on the disk and not about to be removed. */
  readonly #durable: Uint8Array;
  /** Waiting for the block being written and its marks; the others wait for the next block. */
  #batch: Waiting[] = [];
  #batchMarks = new Uint8Array();
  #waiting: Waiting[] = [];
  #writing = false;
  #changed = false;
  #failure: NodeJS.ErrnoException | null = null;
  #whenWritten: (() => void) | undefined;

  /** @param record The record on the disk. */
  constructor(file: RecordFile, record: RegionRecord) {
    this.#file = file;
    this.#record = { ...record, marks: Uint8Array.from(record.marks) };
    this.#durable = Uint8Array.from(record.marks);
  }

  get region_bytes(): number {
    return this.#record.region_bytes;
  }

  get count(): number {
    return this.#durable.length;
  }

  isMarked(region: number): boolean {
    return this.#durable[region] === 1;
  }

  /** Whether all regions from `first` to `last` are marked durably. */
  cover(first: number, last: number): boolean {
    return isFull(this.#durable, first, last);
  }

  /** Complete when the marks of all regions from `first` to `last` are durable. */
  mark(first: number, last: number, done: StoreCallback): void {
    if (this.#failure !== null) {
      done(this.#failure);
      return;
    }
    this.#record.marks.fill(1, first, last + 1);
    if (this.#writing && isFull(this.#batchMarks, first, last)) {
      this.#batch.push({ first, last, done });
      return;
    }
    this.#changed = true;
    this.#waiting.push({ first, last, done });
    this.#run();
  }

  /** Removes marks: the writes there are durable. Later writes must mark again. */
  clear(regions: readonly number[]): void {
    if (this.#failure !== null || this.#record.bootId === NO_BOOT_ID || regions.length === 0) return;
    for (const region of regions) {
      this.#record.marks[region] = 0;
      this.#durable[region] = 0;
    }
    this.#changed = true;
    this.#run();
  }

  /** A flush failed, so pages that the kernel considers clean may be lost: nothing is cleared any more, nor trusted after a restart. */
  condemn(): void {
    if (this.#record.bootId === NO_BOOT_ID || this.#failure !== null) return;
    this.#record.bootId = NO_BOOT_ID;
    this.#changed = true;
    this.#run();
  }

  /** Clears all marks if everything is `flushed`, and closes the file. The store receives no more writes. */
  close(flushed: boolean, done: StoreCallback): void {
    if (flushed) this.clear([...this.#durable.keys()].filter((region) => this.#record.marks[region] === 1));
    const end = () => this.#file.close((error) => done(this.#failure ?? error));
    if (this.#writing) this.#whenWritten = end;
    else end();
  }

  #run(): void {
    if (this.#writing || !this.#changed) return;
    this.#batch = this.#waiting;
    this.#batchMarks = Uint8Array.from(this.#record.marks);
    this.#waiting = [];
    this.#changed = false;
    this.#writing = true;
    this.#file.replace(encodeRegionRecord(this.#record), (error) => {
      const batch = this.#batch;
      this.#writing = false;
      this.#failure ??= error;
      if (error === null) for (const { first, last } of batch) this.#durable.fill(1, first, last + 1);
      for (const { done } of batch) done(this.#failure);
      if (this.#failure === null) this.#run();
      else for (const { done } of this.#waiting.splice(0)) done(this.#failure);
      if (!this.#writing) this.#whenWritten?.();
    });
  }
}

function isFull(marks: Uint8Array, first: number, last: number): boolean {
  for (let region = first; region <= last; region += 1) if (marks[region] !== 1) return false;
  return true;
}

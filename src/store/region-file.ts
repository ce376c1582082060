import * as fs from 'node:fs';
import { writeFileDurably } from '../std/durable-file.ts';
import type { DataSync } from './data-sync.ts';
import type { RecordFile } from './region-marks.ts';
import {
  decodeRegionRecord,
  encodeRegionRecord,
  NO_BOOT_ID,
  RECORD_BYTES,
  type RegionRecord,
} from './region-record.ts';
import type { StoreCallback } from './store.ts';
import { storeError } from './store-error.ts';

/** What a file says; `missing` where there is none, `unreadable` where it is torn, damaged, of another version, or can't be had at all. */
export function readRegionFile(path: string): RegionRecord | 'missing' | 'unreadable' {
  try {
    return decodeRegionRecord(fs.readFileSync(path)) ?? 'unreadable';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'missing' : 'unreadable';
  }
}

/** Whole and durable when it returns. */
export function writeRegionFile(path: string, record: RegionRecord): void {
  writeFileDurably(path, encodeRegionRecord(record), 0o600);
}

/**
 * What it marks counts as lost from now on, whatever boot asks. A block that does not decode says so already.
 * @throws Error where it can't be read or written: its disk may be away, and what the file says once it is back is not known
 */
export function condemnRegionFile(path: string): void {
  const record = decodeRegionRecord(fs.readFileSync(path));
  if (record) writeRegionFile(path, { ...record, bootId: NO_BOOT_ID });
}

/** The record's file, written in place: its block is there already, so that only data has to be synced. */
export class RegionFile implements RecordFile {
  readonly #fd: number;
  readonly #sync: DataSync;

  constructor(path: string, sync: DataSync) {
    this.#fd = fs.openSync(path, 'r+');
    this.#sync = sync;
  }

  replace(block: Buffer, done: StoreCallback): void {
    fs.write(this.#fd, block, 0, RECORD_BYTES, 0, (error, count) => {
      if (error !== null) done(error);
      else if (count < RECORD_BYTES) done(storeError('EIO', 'Cannot write the complete record'));
      else this.#sync(this.#fd, done);
    });
  }

  close(done: StoreCallback): void {
    fs.close(this.#fd, (error) => done(error ?? null));
  }
}

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

/** The record in a file; `missing` if there is no file, `unreadable` if it is torn, damaged, of another version, or cannot be read. */
export function readRegionFile(path: string): RegionRecord | 'missing' | 'unreadable' {
  try {
    return decodeRegionRecord(fs.readFileSync(path)) ?? 'unreadable';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'missing' : 'unreadable';
  }
}

/** Complete and durable when it returns. */
export function writeRegionFile(path: string, record: RegionRecord): void {
  writeFileDurably(path, encodeRegionRecord(record), 0o600);
}

/**
 * Makes all its marks count as lost, in every boot. A block that does not decode means that already.
 * @throws Error if it cannot be read or written: its disk may be gone, and the file's content after its return is unknown
 */
export function condemnRegionFile(path: string): void {
  const record = decodeRegionRecord(fs.readFileSync(path));
  if (record) writeRegionFile(path, { ...record, bootId: NO_BOOT_ID });
}

/** The record's file, written in place: its block exists already, so that only data must be synced. */
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

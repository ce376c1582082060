import * as fs from 'node:fs';
import { type DataSync, dataSync } from './data-sync.ts';
import { type Every, RecordedStore } from './recorded-store.ts';
import { RegionFile, readRegionFile, writeRegionFile } from './region-file.ts';
import { RegionMarks } from './region-marks.ts';
import { type ByteRange, cleanRegionRecord, markedRanges } from './region-record.ts';
import type { Store } from './store.ts';

export interface OpenRecordedStoreOptions {
  /** The store closes it. */
  below: Store;
  /** The record's file: made where there is none. */
  path: string;
  /** @default that of this machine */
  bootId?: string;
  /** @default that of the process */
  sync?: DataSync;
  /** @default a timer that keeps no process alive */
  every?: Every;
  /** Called once, when a flush has failed, or the record can't be written. */
  onCondemned?: () => void;
}

/**
 * The ranges of a store that may have lost writes, since the machine lost its power, or a flush failed: empty where nothing is lost.
 * With the same boot id only the process has ended: the kernel still has every write.
 * @param path The record's file. One that can't be read, or is of a store of another size, says nothing: all may be lost.
 */
export function lostRanges(path: string, size_bytes: number, bootId: string = thisBootId()): ByteRange[] {
  const record = readRegionFile(path);
  if (record === 'missing') return [];
  if (record === 'unreadable' || record.size_bytes !== size_bytes)
    return [{ offset_bytes: 0, length_bytes: size_bytes }];
  return record.bootId === bootId ? [] : markedRanges(record);
}

/**
 * Wraps a store of which nothing is lost (`lostRanges`). What a process before this one has left marked stays so until a flush has
 * covered it, which is soon: nobody has to wait for that.
 */
export function openRecordedStore(options: OpenRecordedStoreOptions): RecordedStore {
  const { below, path, bootId = thisBootId(), sync = dataSync, every, onCondemned } = options;
  if (lostRanges(path, below.size_bytes, bootId).length > 0) throw new Error(`Writes were lost by ${path}`);
  const found = readRegionFile(path);
  const isUsable = typeof found === 'object' && found.size_bytes === below.size_bytes;
  const record = isUsable ? { ...found, bootId } : cleanRegionRecord(below.size_bytes, bootId);
  // What was read may be in the page cache only: the process before this one may have ended before its sync did, or the sync may
  // have failed. A new file is durable whatever became of the pages of the old one.
  writeRegionFile(path, record);
  const marks = new RegionMarks(new RegionFile(path, sync), record);
  return new RecordedStore({ below, marks, ...(every && { every }), ...(onCondemned && { onCondemned }) });
}

/** random(4): made anew at each boot. */
function thisBootId(): string {
  return fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

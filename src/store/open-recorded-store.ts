import { readBootId } from '../std/boot-time.ts';
import type { ByteRange } from '../std/byte-range.ts';
import { type DataSync, dataSync } from './data-sync.ts';
import { NO_MOUNT_ID } from './mount-id.ts';
import { type Every, RecordedStore } from './recorded-store.ts';
import { RegionFile, readRegionFile, writeRegionFile } from './region-file.ts';
import { RegionMarks } from './region-marks.ts';
import { cleanRegionRecord, markedRanges } from './region-record.ts';
import type { Store } from './store.ts';

export interface OpenRecordedStoreOptions {
  /** The store closes it. */
  below: Store;
  /** The record's file: made where there is none. */
  path: string;
  /** @default that of this machine */
  bootId?: string;
  /** Of the file system that holds what is below (`mountIdOf`). @default not known */
  mountId?: string;
  /** @default that of the process */
  sync?: DataSync;
  /** @default a timer that keeps no process alive */
  every?: Every;
  /** Called once, when a flush has failed, or the record can't be written. */
  onCondemned?: () => void;
}

/**
 * The ranges of a store that may have lost writes, since the machine lost its power, or a flush failed: empty where nothing is lost.
 * With the same boot id, and the file system mounted as it was, only the process has ended: the kernel still has every write. Where it was mounted again
 * meanwhile its disk may have dropped out, and the kernel has given up what it could not write.
 * @param path The record's file. One that can't be read, or is of a store of another size, says nothing: all may be lost.
 * @param mountId Of the file system that holds the store; `undefined` where nothing is there. A record of a version that did not know of it is
 * believed within its boot, as it was then.
 */
export function lostRanges(
  path: string,
  size_bytes: number,
  bootId: string = readBootId(),
  mountId?: string,
): ByteRange[] {
  const record = readRegionFile(path);
  if (record === 'missing') return [];
  if (record === 'unreadable' || record.size_bytes !== size_bytes)
    return [{ offset_bytes: 0, length_bytes: size_bytes }];
  const isMountedAsThen = mountId === undefined || record.mountId === NO_MOUNT_ID || record.mountId === mountId;
  return record.bootId === bootId && isMountedAsThen ? [] : markedRanges(record);
}

/**
 * Wraps a store of which nothing is lost (`lostRanges`). What a process before this one has left marked stays so until a flush has
 * covered it, which is soon: nobody has to wait for that.
 */
export function openRecordedStore(options: OpenRecordedStoreOptions): RecordedStore {
  const { below, path, bootId = readBootId(), mountId = NO_MOUNT_ID, sync = dataSync, every, onCondemned } = options;
  if (lostRanges(path, below.size_bytes, bootId, mountId).length > 0) throw new Error(`${path} has lost writes`);
  const found = readRegionFile(path);
  const isUsable = typeof found === 'object' && found.size_bytes === below.size_bytes;
  const record = isUsable ? found : cleanRegionRecord(below.size_bytes, bootId);
  Object.assign(record, { bootId, mountId });
  // What was read may be in the page cache only: the process before this one may have ended before its sync did, or the sync may
  // have failed. A new file is durable whatever became of the pages of the old one.
  writeRegionFile(path, record);
  const marks = new RegionMarks(new RegionFile(path, sync), record);
  return new RecordedStore({ below, marks, ...(every && { every }), ...(onCondemned && { onCondemned }) });
}

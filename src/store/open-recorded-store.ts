import { readBootId } from '../std/boot-time.ts';
import type { ByteRange } from '../std/byte-range.ts';
import type { Clock } from '../std/clock.ts';
import { type DataSync, dataSync } from './data-sync.ts';
import { NO_MOUNT_ID } from './mount-id.ts';
import { RecordedStore } from './recorded-store.ts';
import { RegionFile, readRegionFile, writeRegionFile } from './region-file.ts';
import { RegionMarks } from './region-marks.ts';
import { cleanRegionRecord, markedRanges } from './region-record.ts';
import type { Store } from './store.ts';

export interface OpenRecordedStoreOptions {
  /** The store closes it. */
  below: Store;
  /** The record's file; created if missing. */
  path: string;
  /** @default that of this machine */
  bootId?: string;
  /** Mount id of the underlying file system (`mountIdOf`). @default unknown */
  mountId?: string;
  /** @default that of the process */
  sync?: DataSync;
  /** @default systemClock */
  clock?: Pick<Clock, 'every'>;
  /** Called once, when a flush failed or the record cannot be written. */
  onCondemned?: () => void;
}

/**
 * The ranges of a store that may have lost writes after a power loss or a failed flush; empty if nothing is lost.
 * With the same boot id and the same mount, only the process has ended: the kernel still has every write. After a new mount the disk
 * may have dropped out, and the kernel dropped what it could not write.
 * @param path The record's file. If it is unreadable, or belongs to a store of another size, everything may be lost.
 * @param mountId Of the file system that holds the store; `undefined` if nothing exists there. A record without a mount id, from an
 * older version, is trusted within its boot.
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
 * Wraps a store without lost writes (`lostRanges`). Marks left by an earlier process stay until a flush has covered them, which
 * happens soon: nothing needs to wait for that.
 */
export function openRecordedStore(options: OpenRecordedStoreOptions): RecordedStore {
  const { below, path, bootId = readBootId(), mountId = NO_MOUNT_ID, sync = dataSync, clock, onCondemned } = options;
  if (lostRanges(path, below.size_bytes, bootId, mountId).length > 0) throw new Error(`${path} has lost writes`);
  const found = readRegionFile(path);
  const isUsable = typeof found === 'object' && found.size_bytes === below.size_bytes;
  const record = isUsable ? found : cleanRegionRecord(below.size_bytes, bootId);
  Object.assign(record, { bootId, mountId });
  // The record may be only in the page cache: the earlier process may have ended before its sync, or the sync may have failed.
  // A new file is durable, whatever happened to the pages of the old one.
  writeRegionFile(path, record);
  const marks = new RegionMarks(new RegionFile(path, sync), record);
  return new RecordedStore({ below, marks, ...(clock && { clock }), ...(onCondemned && { onCondemned }) });
}

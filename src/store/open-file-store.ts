import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { syncDirectory } from '../std/durable-file.ts';
import { SpareError } from '../std/errors.ts';
import { type Libc, loadLibc } from '../std/libc.ts';
import { syncNow } from '../std/sync.ts';
import { dataSync } from './data-sync.ts';
import { FileStore } from './file-store.ts';

export interface OpenFileStoreOptions {
  /** A regular file or a block device. */
  path: string;
  /** @default false */
  readOnly?: boolean;
  /** Creates a sparse file of this size, mode 0600, if none exists; its existence survives a power loss. */
  create_bytes?: number;
  /** With `undefined` there is no hole punching, hole finding, inline read of cached pages or lock. @default through `node:ffi` */
  libc?: Libc | undefined;
}

/**
 * Opens a store and takes the file's exclusive advisory lock, so that two daemons never serve one leg.
 * If the file system cannot punch holes, the store has `thin: false`.
 *
 * @throws {SpareError} `STORE_OPEN_FAILED`, `STORE_NOT_A_FILE`, `STORE_EMPTY`, `STORE_LOCKED`
 */
export function openFileStore(options: OpenFileStoreOptions): FileStore {
  const { path, readOnly = false } = options;
  const libc = 'libc' in options ? options.libc : loadLibc();
  const fd = openOrCreate(path, readOnly, options.create_bytes);
  try {
    if (libc?.tryLock(fd) === false) {
      throw new SpareError('busy', 'STORE_LOCKED', `Cannot open ${path}: another process is serving it`, {
        hint: 'Stop the other process first. To find it, run: lslocks',
      });
    }
    const stat = fs.fstatSync(fd);
    const size_bytes = stat.isBlockDevice() ? blockDeviceSize_bytes(stat.rdev) : stat.size;
    if (!stat.isBlockDevice() && !stat.isFile()) {
      throw new SpareError(
        'usage',
        'STORE_NOT_A_FILE',
        `Cannot serve ${path}: it is neither a file nor a block device`,
        {
          hint: 'Specify a regular file or a block device',
        },
      );
    }
    if (size_bytes === 0) {
      throw new SpareError('usage', 'STORE_EMPTY', `Cannot serve ${path}: its size is 0`, {
        hint: `Set its size first. Run: truncate --size 1G ${path}`,
      });
    }
    const holes = libc !== undefined && stat.isFile() && canPunch(libc, fd, size_bytes, readOnly) ? libc : undefined;
    const cache = libc !== undefined && canTellCached(libc, fd) ? libc : undefined;
    return new FileStore({ fd, size_bytes, readOnly, holes, cache, sync: dataSync });
  } catch (error) {
    fs.closeSync(fd);
    throw error;
  }
}

function openOrCreate(path: string, readOnly: boolean, create_bytes: number | undefined): number {
  try {
    if (create_bytes !== undefined && !fs.existsSync(path)) create(path, create_bytes);
    return fs.openSync(path, readOnly ? 'r' : 'r+');
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    throw new SpareError('precondition', 'STORE_OPEN_FAILED', `Cannot open ${path}: ${code}`, {
      hint: 'Check the path, and that this user may read and write it',
      cause,
    });
  }
}

function create(path: string, size_bytes: number): void {
  const fd = fs.openSync(path, 'wx', 0o600);
  try {
    fs.ftruncateSync(fd, size_bytes);
    syncNow(fd);
  } finally {
    fs.closeSync(fd);
  }
  syncDirectory(dirname(path));
}

/** A block device's `stat` has no size: sysfs has it, in units of 512 bytes whatever the device's block size is. */
function blockDeviceSize_bytes(rdev: number): number {
  const major = Math.floor(rdev / 256) & 0xfff;
  const minor = (rdev & 0xff) | (Math.floor(rdev / 4096) & 0xfff00);
  return Number(fs.readFileSync(`/sys/dev/block/${major}:${minor}/size`, 'utf8')) * 512;
}

/** Punches past the end, which changes nothing but fails if the file system does not support holes. */
function canPunch(libc: Libc, fd: number, size_bytes: number, readOnly: boolean): boolean {
  try {
    if (readOnly) libc.nextHole(fd, 0);
    else libc.punchHole(fd, size_bytes, 4096);
    return true;
  } catch {
    return false;
  }
}

/** Reads the first block or nothing; fails if the file system does not support reads without waiting. */
function canTellCached(libc: Libc, fd: number): boolean {
  try {
    libc.readCached(fd, Buffer.alloc(512), 0);
    return true;
  } catch {
    return false;
  }
}

import * as fs from 'node:fs';
import { skip, take } from '../std/buffers.ts';
import type { Libc } from '../std/libc.ts';
import type { DataSync } from './data-sync.ts';
import { FlushQueue } from './flush-queue.ts';
import type { Extent, Store, StoreCallback } from './store.ts';
import { storeError } from './store-error.ts';
import { isZero, zeroes } from './zero.ts';

/** Transfers up to this length are done inline: a cached page costs less than a turn of the thread pool. */
const INLINE_LIMIT_BYTES = 65_536;
/**
 * The largest write per call. ext4 keeps a file's pages in folios as large as the calls that wrote them, and each later 4 KiB write
 * visits every block of its folio: 18 µs in a folio of 1 MiB, 6 µs in one of 128 KiB (Linux 6.18). A mirror's initial resync comes in
 * large writes, later writes are small.
 */
const WRITE_STEP_BYTES = 131_072;
/** Holes are punched in pieces of this length, so that a huge one never blocks the event loop. */
const PUNCH_STEP_BYTES = 256 * 1024 * 1024;

export interface FileStoreParts {
  /** Open file or block device; the store closes it. */
  fd: number;
  size_bytes: number;
  readOnly: boolean;
  /** Present if holes can be punched and found. */
  holes: Libc | undefined;
  /** Present if reads can be limited to the page cache. */
  cache: Libc | undefined;
  sync: DataSync;
}

/** A sparse file or a block device. Made by `openFileStore`. */
export class FileStore implements Store {
  readonly size_bytes: number;
  readonly readOnly: boolean;
  readonly thin: boolean;
  readonly #fd: number;
  readonly #holes: Libc | undefined;
  readonly #cache: Libc | undefined;
  readonly #flushes: FlushQueue;
  /** Running calls in the thread pool: the descriptor must outlive them, or they would hit the next file opened. */
  #pending = 0;
  #whenIdle: (() => void) | undefined;
  #closed = false;

  /** How reads of cached pages are done: inline, or by the thread pool like all others. */
  get cachedReads(): 'inline' | 'thread-pool' {
    return this.#cache ? 'inline' : 'thread-pool';
  }

  constructor(parts: FileStoreParts) {
    this.size_bytes = parts.size_bytes;
    this.readOnly = parts.readOnly;
    this.thin = parts.holes !== undefined;
    this.#fd = parts.fd;
    this.#holes = parts.holes;
    this.#cache = parts.cache;
    this.#flushes = new FlushQueue((done) => parts.sync(this.#fd, this.#track(done)));
  }

  read(target: Buffer, offset_bytes: number, done: StoreCallback): void {
    if (this.#refuse(false, done)) return;
    let count = 0;
    try {
      if (this.#cache && target.length <= INLINE_LIMIT_BYTES)
        count = this.#cache.readCached(this.#fd, target, offset_bytes);
    } catch (error) {
      done(error as NodeJS.ErrnoException);
      return;
    }
    if (count === target.length) done(null);
    // Reads that need the disk must not delay other sessions.
    else this.#readLater(count === 0 ? target : target.subarray(count), offset_bytes + count, this.#track(done));
  }

  #readLater(target: Buffer, offset_bytes: number, done: StoreCallback): void {
    fs.read(this.#fd, target, 0, target.length, offset_bytes, (error, count) => {
      if (error !== null) return done(error);
      if (count === 0) return done(storeError('EIO', 'Cannot read past the end of the file'));
      if (count === target.length) return done(null);
      this.#readLater(target.subarray(count), offset_bytes + count, done);
    });
  }

  write(sources: readonly Buffer[], offset_bytes: number, done: StoreCallback): void {
    if (this.#refuse(true, done)) return;
    let length_bytes = 0;
    for (const source of sources) length_bytes += source.length;
    if (length_bytes === 0) {
      done(null);
      return;
    }
    let inline = length_bytes <= INLINE_LIMIT_BYTES;
    try {
      // Zeroes over a hole change nothing: the initial resync keeps a sparse file sparse.
      if (this.thin && isZero(sources) && this.#isHole(offset_bytes, length_bytes)) {
        done(null);
        return;
      }
      if (inline) {
        const count = writeNow(this.#fd, sources, offset_bytes);
        if (count < length_bytes) {
          sources = skip(sources, count);
          offset_bytes += count;
          inline = false;
        }
      }
    } catch (error) {
      done(error as NodeJS.ErrnoException);
      return;
    }
    if (inline) done(null);
    else this.#writeLater(sources, offset_bytes, this.#track(done));
  }

  #writeLater(sources: readonly Buffer[], offset_bytes: number, done: StoreCallback): void {
    fs.writev(this.#fd, take(sources, WRITE_STEP_BYTES), offset_bytes, (error, count) => {
      if (error !== null) return done(error);
      if (count === 0) return done(storeError('EIO', 'The device accepts no more bytes'));
      const rest = skip(sources, count);
      if (rest.length === 0) done(null);
      else this.#writeLater(rest, offset_bytes + count, done);
    });
  }

  flush(done: StoreCallback): void {
    if (this.#refuse(false, done)) return;
    if (this.readOnly) {
      done(null);
      return;
    }
    this.#flushes.flush(done);
  }

  unmap(offset_bytes: number, length_bytes: number, done: StoreCallback): void {
    if (this.#refuse(true, done)) return;
    if (this.#holes === undefined) this.#writeZeroes(offset_bytes, length_bytes, this.#track(done));
    else this.#punch(this.#holes, offset_bytes, length_bytes, this.#track(done));
  }

  #punch(holes: Libc, offset_bytes: number, length_bytes: number, done: StoreCallback): void {
    const step_bytes = Math.min(length_bytes, PUNCH_STEP_BYTES);
    try {
      if (step_bytes > 0) holes.punchHole(this.#fd, offset_bytes, step_bytes);
    } catch (error) {
      done(error as NodeJS.ErrnoException);
      return;
    }
    if (step_bytes === length_bytes) done(null);
    else setImmediate(() => this.#punch(holes, offset_bytes + step_bytes, length_bytes - step_bytes, done));
  }

  #writeZeroes(offset_bytes: number, length_bytes: number, done: StoreCallback): void {
    if (length_bytes === 0) {
      done(null);
      return;
    }
    const sources = zeroes(length_bytes);
    const step_bytes = sources.reduce((sum, source) => sum + source.length, 0);
    this.#writeLater(sources, offset_bytes, (error) => {
      if (error !== null) done(error);
      else this.#writeZeroes(offset_bytes + step_bytes, length_bytes - step_bytes, done);
    });
  }

  extentAt(offset_bytes: number, done: (error: NodeJS.ErrnoException | null, extent: Extent) => void): void {
    const rest: Extent = { offset_bytes, length_bytes: this.size_bytes - offset_bytes, allocated: true };
    if (this.#refuse(false, (error) => done(error, rest))) return;
    if (this.#holes === undefined) {
      done(null, rest);
      return;
    }
    let extent: Extent;
    try {
      const data_bytes = this.#holes.nextData(this.#fd, offset_bytes) ?? this.size_bytes;
      const allocated = data_bytes === offset_bytes;
      const end_bytes = allocated ? this.#holes.nextHole(this.#fd, offset_bytes) : data_bytes;
      extent = { offset_bytes, length_bytes: Math.min(end_bytes, this.size_bytes) - offset_bytes, allocated };
    } catch (error) {
      done(error as NodeJS.ErrnoException, rest);
      return;
    }
    done(null, extent);
  }

  close(done: StoreCallback): void {
    if (this.#refuse(false, done)) return;
    this.#closed = true;
    this.#whenIdle = () => this.#flushAndClose(done);
    this.#checkIdle();
  }

  #flushAndClose(done: StoreCallback): void {
    const end: StoreCallback = (flushError) =>
      fs.close(this.#fd, (closeError) => done(flushError ?? closeError ?? null));
    if (this.readOnly) end(null);
    else this.#flushes.flush(end);
  }

  /** Runs the callbacks that wait until the thread pool has no more calls of this store. */
  #checkIdle(): void {
    if (this.#pending > 0) return;
    const whenIdle = this.#whenIdle;
    this.#whenIdle = undefined;
    whenIdle?.();
  }

  #isHole(offset_bytes: number, length_bytes: number): boolean {
    const data_bytes = this.#holes?.nextData(this.#fd, offset_bytes);
    return data_bytes === undefined || data_bytes >= offset_bytes + length_bytes;
  }

  /** Answers calls after closing, and writes to a read-only store; true if it did. */
  #refuse(writes: boolean, done: StoreCallback): boolean {
    if (this.#closed) done(storeError('EBADF', 'The store is closed'));
    else if (writes && this.readOnly) done(storeError('EROFS', 'The store is read-only'));
    else return false;
    return true;
  }

  #track(done: StoreCallback): StoreCallback {
    this.#pending += 1;
    return (error) => {
      this.#pending -= 1;
      done(error);
      this.#checkIdle();
    };
  }
}

/** A list of one costs Node half a microsecond more than the one. */
function writeNow(fd: number, sources: readonly Buffer[], offset_bytes: number): number {
  const [first] = sources;
  if (sources.length > 1 || first === undefined) return fs.writevSync(fd, sources, offset_bytes);
  return fs.writeSync(fd, first, 0, first.length, offset_bytes);
}

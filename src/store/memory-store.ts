import type { Extent, Store, StoreCallback } from './store.ts';
import { storeError } from './store-error.ts';
import { isZero } from './zero.ts';

/** The unit of allocation, like the block of a file system. */
const CHUNK_BYTES = 4096;

export interface MemoryStoreOptions {
  size_bytes: number;
  /** @default false */
  readOnly?: boolean;
  /** @default true */
  thin?: boolean;
}

/** A store that forgets everything when the process ends: for tests. Every call completes before it returns. */
export class MemoryStore implements Store {
  readonly size_bytes: number;
  readonly readOnly: boolean;
  readonly thin: boolean;
  readonly #chunks = new Map<number, Buffer>();
  #closed = false;

  constructor(options: MemoryStoreOptions) {
    this.size_bytes = options.size_bytes;
    this.readOnly = options.readOnly ?? false;
    this.thin = options.thin ?? true;
  }

  read(target: Buffer, offset_bytes: number, done: StoreCallback): void {
    if (this.#refuse(false, done)) return;
    if (offset_bytes + target.length > this.size_bytes) {
      done(storeError('EIO', 'Cannot read past the end'));
      return;
    }
    for (const piece of pieces(offset_bytes, target.length)) {
      const part = target.subarray(piece.done_bytes, piece.done_bytes + piece.length_bytes);
      const chunk = this.#chunks.get(piece.chunk);
      if (chunk === undefined) part.fill(0);
      else chunk.copy(part, 0, piece.start_bytes, piece.start_bytes + piece.length_bytes);
    }
    done(null);
  }

  write(sources: readonly Buffer[], offset_bytes: number, done: StoreCallback): void {
    if (this.#refuse(true, done)) return;
    for (const source of sources) {
      for (const piece of pieces(offset_bytes, source.length)) {
        const part = source.subarray(piece.done_bytes, piece.done_bytes + piece.length_bytes);
        let chunk = this.#chunks.get(piece.chunk);
        if (chunk === undefined) {
          if (this.thin && isZero([part])) continue;
          chunk = Buffer.alloc(CHUNK_BYTES);
          this.#chunks.set(piece.chunk, chunk);
        }
        part.copy(chunk, piece.start_bytes);
      }
      offset_bytes += source.length;
    }
    done(null);
  }

  flush(done: StoreCallback): void {
    if (!this.#refuse(false, done)) done(null);
  }

  unmap(offset_bytes: number, length_bytes: number, done: StoreCallback): void {
    if (this.#refuse(true, done)) return;
    for (const piece of pieces(offset_bytes, length_bytes)) {
      if (piece.length_bytes === CHUNK_BYTES) this.#chunks.delete(piece.chunk);
      else this.#chunks.get(piece.chunk)?.fill(0, piece.start_bytes, piece.start_bytes + piece.length_bytes);
    }
    done(null);
  }

  extentAt(offset_bytes: number, done: (error: NodeJS.ErrnoException | null, extent: Extent) => void): void {
    const rest: Extent = { offset_bytes, length_bytes: this.size_bytes - offset_bytes, allocated: true };
    if (this.#refuse(false, (error) => done(error, rest))) return;
    if (!this.thin) {
      done(null, rest);
      return;
    }
    let chunk = Math.floor(offset_bytes / CHUNK_BYTES);
    const allocated = this.#chunks.has(chunk);
    while (chunk * CHUNK_BYTES < this.size_bytes && this.#chunks.has(chunk) === allocated) chunk += 1;
    done(null, {
      offset_bytes,
      length_bytes: Math.min(chunk * CHUNK_BYTES, this.size_bytes) - offset_bytes,
      allocated,
    });
  }

  close(done: StoreCallback): void {
    if (this.#refuse(false, done)) return;
    this.#closed = true;
    done(null);
  }

  #refuse(writes: boolean, done: StoreCallback): boolean {
    if (this.#closed) done(storeError('EBADF', 'The store is closed'));
    else if (writes && this.readOnly) done(storeError('EROFS', 'The store is read-only'));
    else return false;
    return true;
  }
}

/** Cuts a range at the chunk boundaries. */
function* pieces(offset_bytes: number, length_bytes: number) {
  for (let done_bytes = 0; done_bytes < length_bytes; ) {
    const chunk = Math.floor((offset_bytes + done_bytes) / CHUNK_BYTES);
    const start_bytes = (offset_bytes + done_bytes) % CHUNK_BYTES;
    const part_bytes = Math.min(CHUNK_BYTES - start_bytes, length_bytes - done_bytes);
    yield { chunk, start_bytes, length_bytes: part_bytes, done_bytes };
    done_bytes += part_bytes;
  }
}

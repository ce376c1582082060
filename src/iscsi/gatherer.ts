import type { BufferPool } from '../std/buffer-pool.ts';

/** Pieces up to this length are copied: one more piece in a `writev` costs Node more than the copy. */
const SMALL_BYTES = 8 * 1024;
const SLAB_BYTES = 64 * 1024;

/** Memory in which small pieces are joined. It is refilled from its start once everything in it has been written. */
interface Slab {
  readonly memory: Buffer;
  used_bytes: number;
  /** Batches that were taken from it and are not written yet. */
  batches: number;
}

/** Bytes to write in one call, and the callbacks for its completion. */
export interface Batch {
  readonly parts: readonly Buffer[];
  written(): void;
}

/** Joins outgoing bytes: many small pieces become few large ones; large pieces are not copied. */
export class Gatherer {
  readonly #pool: BufferPool;
  #slab: Slab | undefined;
  /** Start of the bytes in the slab that belong to no part yet. */
  #from_bytes = 0;
  #parts: Buffer[] = [];
  #slabs: Slab[] = [];
  #bytes = 0;

  constructor(pool: BufferPool) {
    this.#pool = pool;
  }

  /** What was added and not taken. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A large piece must not change until it is written. */
  add(piece: Buffer): void {
    this.#bytes += piece.length;
    if (piece.length > SMALL_BYTES) {
      this.#cut();
      this.#parts.push(piece);
      return;
    }
    const slab = this.#slabFor(piece.length);
    piece.copy(slab.memory, slab.used_bytes);
    slab.used_bytes += piece.length;
  }

  /** Everything that was added since the last time, in order. */
  take(): Batch {
    this.#cut();
    const parts = this.#parts;
    const slabs = this.#slabs;
    this.#parts = [];
    this.#slabs = [];
    this.#bytes = 0;
    return {
      parts,
      written: () => {
        for (const slab of slabs) this.#release(slab);
      },
    };
  }

  #slabFor(length_bytes: number): Slab {
    if (this.#slab && this.#slab.used_bytes + length_bytes <= SLAB_BYTES) return this.#slab;
    this.#cut();
    const full = this.#slab;
    this.#slab = { memory: this.#pool.take(SLAB_BYTES), used_bytes: 0, batches: 0 };
    this.#from_bytes = 0;
    if (full?.batches === 0) this.#pool.give(full.memory);
    return this.#slab;
  }

  /** Turns the bytes in the slab into a part. */
  #cut(): void {
    const slab = this.#slab;
    if (!slab || slab.used_bytes === this.#from_bytes) return;
    this.#parts.push(slab.memory.subarray(this.#from_bytes, slab.used_bytes));
    this.#from_bytes = slab.used_bytes;
    if (this.#slabs.at(-1) === slab) return;
    slab.batches += 1;
    this.#slabs.push(slab);
  }

  #release(slab: Slab): void {
    slab.batches -= 1;
    if (slab.batches > 0) return;
    if (slab !== this.#slab) {
      this.#pool.give(slab.memory);
    } else if (this.#from_bytes === slab.used_bytes) {
      slab.used_bytes = 0;
      this.#from_bytes = 0;
    }
  }
}

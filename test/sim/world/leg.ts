/** The blocks of a volume: chunks of its write-intent bitmap. */
export const BLOCKS = 8;
export const CHUNK_bytes = 65_536;
const SECTOR_bytes = 512;
const DATA_OFFSET_sectors = 2048;
/** Where the bitmap is, from the superblock. */
const BITMAP_OFFSET_bytes = 4096;

export type Side = 'local' | 'standby';

/** What MD writes on a leg about its array. */
export interface Superblock {
  uuid: string;
  events: number;
  /** It is being resynced. */
  beingCopied: boolean;
  /** The other leg had been dropped when this one was written. */
  otherDropped: boolean;
}

/** A disk with a copy of the volume: for each block the number of the write that it holds. */
export class Leg {
  readonly side: Side;
  content: number[] = Array.from({ length: BLOCKS }, () => 0);
  superblock: Superblock | undefined;
  /** Its own write-intent bitmap. */
  bitmap = new Set<number>();

  constructor(side: Side) {
    this.side = side;
  }

  /** What a program reads at the beginning of the disk: superblock and bitmap (`src/mirror/md`). */
  head(length_bytes: number): Buffer {
    const bytes = Buffer.alloc(length_bytes);
    if (!this.superblock) return bytes;
    const { uuid, events, beingCopied } = this.superblock;
    bytes.writeUInt32LE(0xa92b4efc, 0);
    bytes.writeUInt32LE(1, 4);
    bytes.writeUInt32LE(0x1 | (beingCopied ? 0x2 : 0), 8);
    Buffer.from(uuid.replaceAll(':', ''), 'hex').copy(bytes, 16);
    bytes.writeBigUInt64LE(BigInt((BLOCKS * CHUNK_bytes) / SECTOR_bytes), 80);
    bytes.writeInt32LE(BITMAP_OFFSET_bytes / SECTOR_bytes, 96);
    bytes.writeBigUInt64LE(BigInt(DATA_OFFSET_sectors), 128);
    bytes.writeBigUInt64LE(8n, 144);
    bytes.writeUInt32LE(this.side === 'local' ? 0 : 1, 160);
    bytes.writeBigUInt64LE(BigInt(events), 200);
    bytes.writeUInt16LE(0, 256);
    bytes.writeUInt16LE(1, 258);
    this.#writeBitmap(bytes.subarray(BITMAP_OFFSET_bytes));
    return bytes;
  }

  #writeBitmap(bytes: Buffer): void {
    if (bytes.length < 512) return;
    bytes.writeUInt32LE(0x6d746962, 0);
    bytes.writeBigUInt64LE(BigInt((BLOCKS * CHUNK_bytes) / SECTOR_bytes), 40);
    bytes.writeUInt32LE(CHUNK_bytes, 52);
    for (const block of this.bitmap) bytes[256 + (block >> 3)] = (bytes[256 + (block >> 3)] ?? 0) | (1 << (block & 7));
  }
}

/** Where a block is on a leg. */
export function rangeOf(block: number): { offset_bytes: number; length_bytes: number } {
  return { offset_bytes: DATA_OFFSET_sectors * SECTOR_bytes + block * CHUNK_bytes, length_bytes: CHUNK_bytes };
}

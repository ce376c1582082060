/**
 * The write-intent bitmap of a leg (Linux `struct bitmap_super_s`, little-endian, 256 bytes, then the bits, lowest first):
 *
 *   0 magic "bitm" 0x6d746962 | 4 version | 8 UUID (16) | 24 events | 32 events cleared
 *  40 size of the set (sectors) | 48 state (1 = stale) | 52 chunk size (bytes) | 56 daemon sleep | 60 write behind
 */
import type { Machine } from '../../machine/machine.ts';
import type { ByteRange } from '../../std/byte-range.ts';
import {
  type LegSuperblock,
  parseSuperblock,
  readDirectly,
  SECTOR_bytes,
  SUPERBLOCK_OFFSET_bytes,
} from './superblock.ts';

const MAGIC = 0x6d746962;
const HEADER_bytes = 256;
const STATE_STALE = 1;
/** The kernel accepts at most one page per write to sysfs, and splits longer ones at an arbitrary byte. */
const SYSFS_LINE_characters = 3500;

export interface Bitmap {
  chunk_bytes: number;
  /** First and last dirty chunk, both included, ascending. */
  dirty: readonly (readonly [number, number])[];
}

/** The size of one read of a leg: the superblock and, up to 30 GiB with 64 KiB chunks, the whole bitmap. */
const HEAD_bytes = 128 * 1024;

/** The head of a leg: its array, and its own bitmap. */
export interface LegHead {
  superblock: LegSuperblock;
  /** `undefined` if it has none, or none that can be trusted: then a full resync is needed. */
  bitmap: Bitmap | undefined;
}

/**
 * Reads which array a leg belongs to, and which chunks its own bitmap marks.
 * @throws SpareError `NO_SUPERBLOCK`
 */
export async function readLegHead(machine: Machine, path: string): Promise<LegHead> {
  const head = await readDirectly(machine, path, SUPERBLOCK_OFFSET_bytes, HEAD_bytes);
  const superblock = parseSuperblock(head, path);
  return { superblock, bitmap: await bitmapIn(head, machine, path, superblock) };
}

async function bitmapIn(
  head: Buffer,
  machine: Machine,
  path: string,
  superblock: LegSuperblock,
): Promise<Bitmap | undefined> {
  const offset_bytes = superblock.bitmapOffset_bytes;
  if (offset_bytes === undefined) return undefined;
  const read = async (length_bytes: number) => {
    const start = offset_bytes - SUPERBLOCK_OFFSET_bytes;
    const isInHead = start >= 0 && start + length_bytes <= head.length;
    return isInHead
      ? head.subarray(start, start + length_bytes)
      : readDirectly(machine, path, offset_bytes, length_bytes);
  };
  const header = await read(HEADER_bytes);
  const chunk_bytes = header.readUInt32LE(52);
  const size_sectors = header.readBigUInt64LE(40);
  const stale = (header.readUInt32LE(48) & STATE_STALE) !== 0;
  if (header.readUInt32LE(0) !== MAGIC || stale || chunk_bytes < SECTOR_bytes || size_sectors === 0n) return undefined;
  const chunks = Math.ceil((Number(size_sectors) * SECTOR_bytes) / chunk_bytes);
  const bytes = await read(HEADER_bytes + Math.ceil(chunks / 8));
  return { chunk_bytes, dirty: dirtyRanges(bytes.subarray(HEADER_bytes), chunks) };
}

export function dirtyRanges(bits: Buffer, chunks: number): [number, number][] {
  const ranges: [number, number][] = [];
  for (let chunk = 0; chunk < chunks; chunk += 1) {
    const byte = bits[chunk >> 3] ?? 0;
    if (byte === 0) {
      chunk |= 7;
      continue;
    }
    if (((byte >> (chunk & 7)) & 1) === 0) continue;
    const last = ranges.at(-1);
    if (last?.[1] === chunk - 1) last[1] = chunk;
    else ranges.push([chunk, chunk]);
  }
  return ranges;
}

/**
 * The array's chunks within ranges of a leg, ascending: first and last, inclusive. The superblock and the bitmap, which precede the
 * data, belong to no chunk.
 */
export function chunksIn(
  ranges: readonly ByteRange[],
  leg: Pick<LegSuperblock, 'dataOffset_sectors' | 'size_sectors'>,
  chunk_bytes: number,
): [number, number][] {
  const dataOffset_bytes = Number(leg.dataOffset_sectors) * SECTOR_bytes;
  const size_bytes = Number(leg.size_sectors) * SECTOR_bytes;
  const chunks: [number, number][] = [];
  for (const { offset_bytes, length_bytes } of ranges) {
    const start_bytes = Math.max(0, offset_bytes - dataOffset_bytes);
    const end_bytes = Math.min(size_bytes, offset_bytes + length_bytes - dataOffset_bytes);
    if (start_bytes >= end_bytes) continue;
    const first = Math.floor(start_bytes / chunk_bytes);
    const last = Math.floor((end_bytes - 1) / chunk_bytes);
    const previous = chunks.at(-1);
    if (previous && previous[1] >= first - 1) previous[1] = last;
    else chunks.push([first, last]);
  }
  return chunks;
}

/** Lines for `md/bitmap_set_bits` (Documentation/admin-guide/md.rst): `5 10-20 …`, each short enough for one write. */
export function bitmapSetBitsLines(dirty: Bitmap['dirty']): string[] {
  const lines: string[] = [];
  let line = '';
  for (const [first, last] of dirty) {
    const word = first === last ? `${first}` : `${first}-${last}`;
    if (line.length + 1 + word.length > SYSFS_LINE_characters) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return line === '' ? lines : [...lines, line];
}

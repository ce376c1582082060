/**
 * The record of the regions of a store that may hold unflushed writes: one block, little-endian.
 *
 *   0 magic "SPAREREG" (8) | 8 version (4) | 12 CRC-32 of the block with these four bytes 0
 *  16 size of the store (8) | 24 size of a region (8) | 32 boot id (16) | 48 mount id (16)
 *  64 a bit for each region, lowest first
 *
 * It is one block of 4 KiB, which a disk writes completely or not at all; if one does not, the checksum detects it.
 */
import { crc32 } from 'node:zlib';
import type { ByteRange } from '../std/byte-range.ts';
import { NO_MOUNT_ID } from './mount-id.ts';

export const RECORD_BYTES = 4096;
const MAGIC = Buffer.from('SPAREREG', 'latin1');
const VERSION = 1;
const CHECKSUM_AT = 12;
const MOUNT_ID_AT = 48;
const BITS_AT = 64;
const MOST_REGIONS = (RECORD_BYTES - BITS_AT) * 8;
/** Small enough that a resync is short, large enough that a busy disk rarely needs new marks. */
const LEAST_REGION_BYTES = 16 * 1024 * 1024;

/** The most ranges that are reported, because reports are requested every second. */
const MOST_RANGES = 256;

/** No machine has this boot id: marks with it never count as still being in the page cache. */
export const NO_BOOT_ID = '00000000-0000-0000-0000-000000000000';

export interface RegionRecord {
  /** Of the store that it belongs to. */
  size_bytes: number;
  region_bytes: number;
  /** The boot in which the marks were made, as the kernel prints it. */
  bootId: string;
  /** The mount of the store's file system under which they were made (`mountIdOf`). */
  mountId: string;
  /** One byte per region: 1 if it may hold unflushed writes. */
  marks: Uint8Array;
}

/** The record of a flushed store. */
export function cleanRegionRecord(size_bytes: number, bootId: string, mountId = NO_MOUNT_ID): RegionRecord {
  const region_bytes = regionSizeFor(size_bytes);
  return { size_bytes, region_bytes, bootId, mountId, marks: new Uint8Array(Math.ceil(size_bytes / region_bytes)) };
}

/** A power of two, in bytes: as small as fits into one block. 16 MiB up to 504 GiB, 512 MiB for 15 TiB. */
export function regionSizeFor(size_bytes: number): number {
  let region_bytes = LEAST_REGION_BYTES;
  while (Math.ceil(size_bytes / region_bytes) > MOST_REGIONS) region_bytes *= 2;
  return region_bytes;
}

export function encodeRegionRecord(record: RegionRecord): Buffer {
  const block = Buffer.alloc(RECORD_BYTES);
  MAGIC.copy(block);
  block.writeUInt32LE(VERSION, 8);
  block.writeBigUInt64LE(BigInt(record.size_bytes), 16);
  block.writeBigUInt64LE(BigInt(record.region_bytes), 24);
  block.write(record.bootId.replaceAll('-', ''), 32, 16, 'hex');
  block.write(record.mountId, MOUNT_ID_AT, 16, 'hex');
  const { marks } = record;
  for (let region = 0; region < marks.length; region += 1) {
    const at = BITS_AT + (region >> 3);
    if (marks[region] === 1) block[at] = (block[at] ?? 0) | (1 << (region & 7));
  }
  block.writeUInt32LE(crc32(block), CHECKSUM_AT);
  return block;
}

/** The record in a block; `undefined` if it is torn, damaged or of another version: then nothing is known. */
export function decodeRegionRecord(block: Buffer): RegionRecord | undefined {
  if (block.length !== RECORD_BYTES || !block.subarray(0, 8).equals(MAGIC)) return undefined;
  const unsigned = Buffer.from(block);
  unsigned.writeUInt32LE(0, CHECKSUM_AT);
  if (crc32(unsigned) !== block.readUInt32LE(CHECKSUM_AT) || block.readUInt32LE(8) !== VERSION) return undefined;
  const size_bytes = Number(block.readBigUInt64LE(16));
  const region_bytes = Number(block.readBigUInt64LE(24));
  const count = Math.ceil(size_bytes / region_bytes);
  if (!(count >= 1 && count <= MOST_REGIONS)) return undefined;
  const marks = Uint8Array.from(
    { length: count },
    (_, region) => ((block[BITS_AT + (region >> 3)] ?? 0) >> (region & 7)) & 1,
  );
  const mountId = block.toString('hex', MOUNT_ID_AT, BITS_AT);
  return { size_bytes, region_bytes, bootId: formatBootId(block.subarray(32, 48)), mountId, marks };
}

/** The ranges of the marked regions, in order, adjacent ones joined. If there are too many, nearby ranges are joined too. */
export function markedRanges(record: RegionRecord, limit = MOST_RANGES): ByteRange[] {
  const ranges = joinedRanges(record);
  if (ranges.length <= limit) return ranges;
  const gapAfter_bytes = (index: number) =>
    (ranges[index + 1]?.offset_bytes ?? Number.POSITIVE_INFINITY) - endOf(ranges[index]);
  const kept = [...ranges.keys()].sort((a, b) => gapAfter_bytes(b) - gapAfter_bytes(a)).slice(0, limit);
  let offset_bytes = ranges[0]?.offset_bytes ?? 0;
  return kept
    .sort((a, b) => a - b)
    .map((index) => {
      const range = { offset_bytes, length_bytes: endOf(ranges[index]) - offset_bytes };
      offset_bytes = ranges[index + 1]?.offset_bytes ?? 0;
      return range;
    });
}

function endOf(range: ByteRange | undefined): number {
  return (range?.offset_bytes ?? 0) + (range?.length_bytes ?? 0);
}

function joinedRanges({ size_bytes, region_bytes, marks }: RegionRecord): ByteRange[] {
  const ranges: ByteRange[] = [];
  for (let region = 0; region < marks.length; region += 1) {
    if (marks[region] === 0) continue;
    const offset_bytes = region * region_bytes;
    const length_bytes = Math.min(region_bytes, size_bytes - offset_bytes);
    const last = ranges.at(-1);
    if (last && endOf(last) === offset_bytes) last.length_bytes += length_bytes;
    else ranges.push({ offset_bytes, length_bytes });
  }
  return ranges;
}

function formatBootId(bytes: Buffer): string {
  const text = bytes.toString('hex');
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join('-');
}

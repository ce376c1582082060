import { closeSync, fstatSync, linkSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { syncDirectory } from './durable-file.ts';
import { syncNow } from './sync.ts';

/**
 * A small file whose space is taken when it is created, so that it can be written on a full disk. It has two slots. A write goes
 * to the older one, so that the newer one stays readable if the power fails in between.
 *
 * A slot: checksum of what follows (CRC-32, 4 bytes), length of the content (4), sequence number (8), content. Little-endian.
 */
const SLOT_bytes = 4096;
const HEADER_bytes = 16;
/** The content must fit into one slot. */
export const RESERVED_CONTENT_LIMIT_bytes = SLOT_bytes - HEADER_bytes;

interface Slot {
  index: number;
  sequence: bigint;
  content: string;
}

/** The file exists, but neither slot can be read. */
export class ReservedFileDamaged extends Error {
  override readonly name = 'ReservedFileDamaged';

  constructor(path: string) {
    super(`Cannot read ${path}: both copies are damaged`);
  }
}

/**
 * Creates the file with its content, durably and complete: a power loss leaves none, or all of it. `mode` is octal, e.g. 0o600.
 * @throws `EEXIST`
 */
export function createReservedFile(path: string, content: string, mode: number): void {
  const temporary = `${path}.${process.pid}.new`;
  rmSync(temporary, { force: true });
  const fd = openSync(temporary, 'wx', mode);
  try {
    writeFully(fd, Buffer.concat([encode(content, 1n), Buffer.alloc(SLOT_bytes)]), 0);
    syncNow(fd);
    linkSync(temporary, path);
  } finally {
    closeSync(fd);
    rmSync(temporary, { force: true });
  }
  syncDirectory(dirname(path));
}

/**
 * The newest content; `undefined` if the file does not exist.
 * @throws ReservedFileDamaged
 */
export function readReservedFile(path: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return newestSlot(fd, path).content;
  } finally {
    closeSync(fd);
  }
}

/** The newest content of an open file. @throws ReservedFileDamaged */
export function readReserved(fd: number, path: string): string {
  return newestSlot(fd, path).content;
}

/** Replaces the content of a file that is open for reading and writing. Durable when it returns. @throws ReservedFileDamaged */
export function writeReserved(fd: number, path: string, content: string): void {
  const { index, sequence } = newestSlot(fd, path);
  writeFully(fd, encode(content, sequence + 1n), (1 - index) * SLOT_bytes);
  syncNow(fd);
}

function newestSlot(fd: number, path: string): Slot {
  const bytes = Buffer.alloc(2 * SLOT_bytes);
  readSync(fd, bytes, 0, Math.min(bytes.length, fstatSync(fd).size), 0);
  const slots = [0, 1].flatMap((index) => decode(bytes.subarray(index * SLOT_bytes, (index + 1) * SLOT_bytes), index));
  const newest = slots.sort((a, b) => (a.sequence < b.sequence ? 1 : -1))[0];
  if (!newest) throw new ReservedFileDamaged(path);
  return newest;
}

function encode(content: string, sequence: bigint): Buffer {
  const bytes = Buffer.from(content, 'utf8');
  if (bytes.length > RESERVED_CONTENT_LIMIT_bytes) {
    throw new RangeError(`Cannot store ${bytes.length} bytes: the limit is ${RESERVED_CONTENT_LIMIT_bytes}`);
  }
  const slot = Buffer.alloc(SLOT_bytes);
  slot.writeUInt32LE(bytes.length, 4);
  slot.writeBigUInt64LE(sequence, 8);
  bytes.copy(slot, HEADER_bytes);
  slot.writeUInt32LE(crc32(slot.subarray(4)), 0);
  return slot;
}

function decode(slot: Buffer, index: number): Slot[] {
  const length_bytes = slot.readUInt32LE(4);
  const sequence = slot.readBigUInt64LE(8);
  if (sequence === 0n || length_bytes > RESERVED_CONTENT_LIMIT_bytes) return [];
  if (crc32(slot.subarray(4)) !== slot.readUInt32LE(0)) return [];
  return [{ index, sequence, content: slot.toString('utf8', HEADER_bytes, HEADER_bytes + length_bytes) }];
}

function writeFully(fd: number, bytes: Buffer, offset_bytes: number): void {
  let done = 0;
  while (done < bytes.length) done += writeSync(fd, bytes, done, bytes.length - done, offset_bytes + done);
}

import { createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { execa } from 'execa';
import type { Lab } from './lab.ts';
import type { PrimaryName } from './settings.ts';

const SECTOR_BYTES = 512;
/** Version 1.2 has its superblock 4 KiB from the start (md(4)); offsets inside it are those of `struct mdp_superblock_1` in <linux/raid/md_p.h>. */
const SUPERBLOCK_OFFSET_BYTES = 4096;
const MAGIC = 0xa92b4efc;
const DATA_OFFSET_FIELD = 128;
/** What the array uses of each leg; the room behind the offset may be larger, and differ. */
const SIZE_FIELD = 80;
/** Bytes that are compared at once. */
const CHUNK_BYTES = 1 << 20;
const DUMP_TIMEOUT_MS = 180_000;

export interface LegComparison {
  equal: boolean;
  /** Bytes of the data area, on each leg. */
  compared_bytes: number;
  /** Of `CHUNK_BYTES` each, by number; empty where the legs are equal. */
  differingChunks: number[];
}

interface DataArea {
  offset_bytes: number;
  length_bytes: number;
}

/** Both disks of a host's volume as they were in one moment, in files of their own. */
export interface LegCopies {
  host: PrimaryName;
  /** The primary's own disk. */
  primaryDisk: string;
  /** The disk that the standby's pool is on. */
  poolDisk: string;
}

/** Copies the disks of a host's two legs. Both machines must stand still, or be off; what was synced before counts. */
export async function copyLegs(lab: Lab, host: PrimaryName): Promise<LegCopies> {
  const copy = async (source: string) => {
    await execa('cp', ['--sparse=always', source, `${source}.copy`]);
    return `${source}.copy`;
  };
  const [primaryDisk, poolDisk] = await Promise.all([
    copy(lab.machine(host).diskFile(`${host}-data`)),
    copy(lab.machine('standby').diskFile('pool')),
  ]);
  return { host, primaryDisk, poolDisk };
}

/**
 * Compares the two legs byte for byte, without MD, spare, or any machine of the lab: the data area of the primary's own disk, and that of the
 * file in the standby's pool. The copies are gone afterwards.
 */
export async function compareLegs({ host, primaryDisk, poolDisk }: LegCopies): Promise<LegComparison> {
  const standbyLeg = `${poolDisk}.leg`;
  try {
    await extractStandbyLeg(host, poolDisk, standbyLeg);
    return await compareFiles(primaryDisk, standbyLeg);
  } finally {
    for (const file of [primaryDisk, poolDisk, standbyLeg]) await rm(file, { force: true });
  }
}

/** Takes the leg's file out of the pool's file system, whose journal is replayed first. */
async function extractStandbyLeg(host: PrimaryName, poolDisk: string, leg: string): Promise<void> {
  // Exit code 1: something was corrected, which after a loss of power is what a journal is for.
  const { exitCode, stdout } = await execa('/sbin/e2fsck', ['-f', '-p', poolDisk], { reject: false });
  if (exitCode !== 0 && exitCode !== 1) throw new Error(`Cannot read the standby's pool: e2fsck says\n${stdout}`);
  await execa('/sbin/debugfs', ['-R', `dump /${host}/leg.img ${leg}`, poolDisk], { timeout: DUMP_TIMEOUT_MS });
}

async function compareFiles(first: string, second: string): Promise<LegComparison> {
  const areas = [await dataArea(first), await dataArea(second)] as const;
  const length_bytes = areas[0].length_bytes;
  if (areas[1].length_bytes !== length_bytes) {
    throw new Error(
      `Cannot compare the legs: their data areas have ${length_bytes} and ${areas[1].length_bytes} bytes`,
    );
  }
  const [left, right] = [chunks(first, areas[0]), chunks(second, areas[1])];
  const differingChunks: number[] = [];
  let compared_bytes = 0;
  for (let index = 0; compared_bytes < length_bytes; index += 1) {
    const [a, b] = [(await left.next()).value, (await right.next()).value];
    if (a === undefined || b === undefined)
      throw new Error(`Cannot compare the legs: one ends after ${compared_bytes} bytes`);
    if (!a.equals(b)) differingChunks.push(index);
    compared_bytes += a.length;
  }
  return { equal: differingChunks.length === 0, compared_bytes, differingChunks };
}

/** The area's bytes in pieces of `CHUNK_BYTES`, the last one shorter. */
async function* chunks(file: string, { offset_bytes, length_bytes }: DataArea): AsyncGenerator<Buffer, undefined> {
  const end = offset_bytes + length_bytes - 1;
  let pending: Buffer = Buffer.alloc(0);
  for await (const piece of createReadStream(file, { start: offset_bytes, end, highWaterMark: CHUNK_BYTES })) {
    pending = Buffer.concat([pending, piece as Buffer]);
    while (pending.length >= CHUNK_BYTES) {
      yield pending.subarray(0, CHUNK_BYTES);
      pending = pending.subarray(CHUNK_BYTES);
    }
  }
  if (pending.length > 0) yield pending;
  return undefined;
}

/** Where a leg's data are, by its own superblock. */
async function dataArea(file: string): Promise<DataArea> {
  const handle = await open(file);
  try {
    const superblock = Buffer.alloc(256);
    await handle.read(superblock, 0, superblock.length, SUPERBLOCK_OFFSET_BYTES);
    if (superblock.readUInt32LE(0) !== MAGIC) throw new Error(`Cannot find a superblock of version 1.2 in ${file}`);
    return {
      offset_bytes: Number(superblock.readBigUInt64LE(DATA_OFFSET_FIELD)) * SECTOR_BYTES,
      length_bytes: Number(superblock.readBigUInt64LE(SIZE_FIELD)) * SECTOR_BYTES,
    };
  } finally {
    await handle.close();
  }
}

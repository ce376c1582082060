/**
 * The superblock of a leg, metadata version 1.2 (Linux `struct mdp_superblock_1`, little-endian), 4 KiB into the device:
 *
 *   0 magic 0xa92b4efc | 4 major version 1 | 8 feature map | 16 set UUID (16) | 32 name (32)
 *  80 size of the set (sectors) | 92 raid disks | 96 bitmap offset (sectors from here, signed)
 * 128 data offset | 136 data size | 144 superblock offset (all sectors) | 152 recovery offset
 * 160 device number | 168 device UUID (16) | 184 device flags (1 = write-mostly)
 * 192 update time (seconds in its low 40 bits) | 200 events | 220 count of roles | 256 roles (2 each)
 */

import type { Machine, StandbyMachine } from '../../machine/machine.ts';
import { programArgv } from '../../machine/program.ts';
import { SpareError } from '../../std/errors.ts';

const MAGIC = 0xa92b4efc;
export const SUPERBLOCK_OFFSET_bytes = 4096;
const SUPERBLOCK_LENGTH_bytes = 4096;
export const SECTOR_bytes = 512;

const FEATURE_BITMAP = 0x1;
const FEATURE_RECOVERY_OFFSET = 0x2;
const FEATURE_BAD_BLOCKS = 0x8;

/** Roles from 0xfffe on are not active members: faulty, spare, journal. */
const FIRST_SPECIAL_ROLE = 0xfffd;

export interface LegSuperblock {
  /** As mdadm prints it: `aaaaaaaa:bbbbbbbb:cccccccc:dddddddd`. */
  mirrorUuid: string;
  name: string;
  events: bigint;
  /** Seconds since the epoch. */
  updatedAt_s: number;
  featureMap: number;
  /** Its slot in the array: 0 or 1; `undefined` for a spare or faulty leg. */
  role: number | undefined;
  /** It is being resynced: a mixture of old and new blocks, not usable. */
  beingCopied: boolean;
  /** Some blocks are known to be unreadable or unwritten. */
  badBlocks: boolean;
  writeMostly: boolean;
  size_sectors: bigint;
  dataOffset_sectors: bigint;
  /** From the beginning of the device; `undefined` without a bitmap. */
  bitmapOffset_bytes: number | undefined;
}

/** @throws SpareError `precondition` if there is no superblock of an array. */
export function parseSuperblock(bytes: Buffer, where: string): LegSuperblock {
  if (bytes.length < 256 || bytes.readUInt32LE(0) !== MAGIC || bytes.readUInt32LE(4) !== 1) {
    throw new SpareError(
      'precondition',
      'NO_SUPERBLOCK',
      `${where} is not a leg of an array: it has no version 1.2 superblock`,
      {
        hint: `To see what it holds, run: mdadm --examine ${where}`,
      },
    );
  }
  const featureMap = bytes.readUInt32LE(8);
  const deviceNumber = bytes.readUInt32LE(160);
  const roleOffset = 256 + 2 * deviceNumber;
  const role = roleOffset + 2 <= bytes.length ? bytes.readUInt16LE(roleOffset) : FIRST_SPECIAL_ROLE;
  const superOffset_sectors = Number(bytes.readBigUInt64LE(144));
  return {
    mirrorUuid: formatUuid(bytes.subarray(16, 32)),
    name: bytes.subarray(32, 64).toString('latin1').replace(/\0.*$/s, ''),
    events: bytes.readBigUInt64LE(200),
    updatedAt_s: Number(bytes.readBigUInt64LE(192) & 0xff_ffff_ffffn),
    featureMap,
    role: role >= FIRST_SPECIAL_ROLE ? undefined : role,
    beingCopied: (featureMap & FEATURE_RECOVERY_OFFSET) !== 0,
    badBlocks: (featureMap & FEATURE_BAD_BLOCKS) !== 0,
    writeMostly: ((bytes[184] ?? 0) & 1) !== 0,
    size_sectors: bytes.readBigUInt64LE(80),
    dataOffset_sectors: bytes.readBigUInt64LE(128),
    bitmapOffset_bytes:
      (featureMap & FEATURE_BITMAP) === 0 ? undefined : (superOffset_sectors + bytes.readInt32LE(96)) * SECTOR_bytes,
  };
}

/** Bypasses the page cache: on a device that MD writes to, a buffered read may return old content. */
export async function readSuperblock(machine: Machine, path: string): Promise<LegSuperblock> {
  return parseSuperblock(await readDirectly(machine, path, SUPERBLOCK_OFFSET_bytes, SUPERBLOCK_LENGTH_bytes), path);
}

/** The superblock of the standby leg. A file needs no direct I/O: the target and loop devices write it as a file. */
export async function readStandbySuperblock(machine: StandbyMachine, path: string): Promise<LegSuperblock> {
  if (await machine.isBlockDevice(path)) return readSuperblock(machine, path);
  return parseSuperblock(await machine.readFileBytes(path, SUPERBLOCK_OFFSET_bytes, SUPERBLOCK_LENGTH_bytes), path);
}

/** Reads with O_DIRECT, on any machine. */
export async function readDirectly(
  machine: Machine,
  path: string,
  offset_bytes: number,
  length_bytes: number,
): Promise<Buffer> {
  const block_bytes = offset_bytes % 4096 === 0 ? 4096 : SECTOR_bytes;
  const skip = offset_bytes / block_bytes;
  const count = Math.ceil(length_bytes / block_bytes);
  const { stdout } = await machine.exec(
    programArgv('read-directly', path, String(block_bytes), String(skip), String(count)),
  );
  const bytes = Buffer.from(stdout, 'base64');
  if (bytes.length < length_bytes) {
    throw new SpareError(
      'stepFailed',
      'SHORT_READ',
      `Cannot read ${length_bytes} bytes at offset ${offset_bytes} of ${path} on ${machine.name}: received ${bytes.length}`,
      {
        hint: 'Check the disk and the path: the file or device may be too small',
      },
    );
  }
  return bytes.subarray(0, length_bytes);
}

/** A set's UUID is 16 bytes, printed by mdadm as four words in the order of the bytes. */
function formatUuid(bytes: Buffer): string {
  return [0, 4, 8, 12].map((offset) => bytes.subarray(offset, offset + 4).toString('hex')).join(':');
}

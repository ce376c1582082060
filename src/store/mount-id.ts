import * as fs from 'node:fs';
import { join } from 'node:path';

/** File systems whose driver creates a sysfs folder per mount, named after the device. */
const FILE_SYSTEMS_IN_SYSFS = ['ext4', 'xfs', 'f2fs'];

/** The value in records of versions without a mount id. */
export const NO_MOUNT_ID = '0'.repeat(32);

/**
 * Distinguishes one mount of the file system that holds `path` from the next in the same boot: an unmount drops writes that could not
 * reach the disk. 32 hexadecimal digits: the number of the device, and that of the sysfs folder which the kernel creates at each mount
 * and never reuses (`kernfs_new_node`). Another mount point or namespace of the same mount has the same number. For a block device it
 * is the device itself: the kernel numbers each one that appears (`diskseq`, since Linux 5.15).
 *
 * Other file systems (btrfs, ZFS) have no such number: for them it is only the number of the device.
 * @returns `undefined` if nothing exists at `path`
 * @throws the system's error if it cannot be read: a new mount must not be mistaken for the old one
 */
export function mountIdOf(path: string, sysfs = '/sys'): string | undefined {
  const stat = lookAt(path);
  if (!stat) return undefined;
  const isDevice = stat.isBlockDevice();
  const device = isDevice ? stat.rdev : stat.dev;
  const minor = (device & 0xffn) | ((device >> 12n) & 0xfff00n);
  const folder = join(sysfs, 'dev/block', `${(device >> 8n) & 0xfffn}:${minor}`);
  return hex(device) + hex(isDevice ? appearance(folder) : mounting(folder, sysfs));
}

function lookAt(path: string): fs.BigIntStats | undefined {
  try {
    return fs.statSync(path, { bigint: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

function mounting(deviceFolder: string, sysfs: string): bigint {
  const [, name] = /^DEVNAME=(.+)$/m.exec(read(`${deviceFolder}/uevent`)) ?? [];
  if (name === undefined) return 0n;
  // A sysfs folder cannot have a slash in its name: the kernel writes cciss/c0d0p1 as cciss!c0d0p1.
  const folder = name.replaceAll('/', '!');
  for (const type of FILE_SYSTEMS_IN_SYSFS) {
    const stat = fs.statSync(join(sysfs, 'fs', type, folder), { bigint: true, throwIfNoEntry: false });
    if (stat) return stat.ino;
  }
  return 0n;
}

/** A partition has the number of its disk, in the folder above. The path leads through a symbolic link, so it must not be normalised. */
function appearance(deviceFolder: string): bigint {
  return BigInt((read(`${deviceFolder}/diskseq`) || read(`${deviceFolder}/../diskseq`)).trim() || 0);
}

function read(path: string): string {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

function hex(value: bigint): string {
  return BigInt.asUintN(64, value).toString(16).padStart(16, '0');
}

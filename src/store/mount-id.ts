import * as fs from 'node:fs';
import { join } from 'node:path';

/** File systems whose driver makes a folder in sysfs for each one that is mounted, by the name of its device. */
const FILE_SYSTEMS_IN_SYSFS = ['ext4', 'xfs', 'f2fs'];

/** In a record of a version that did not know of it. */
export const NO_MOUNT_ID = '0'.repeat(32);

/**
 * Tells one mounting of the file system that holds `path` from the next in the same boot: with it goes what was written and could not be brought to the
 * disk. 32 hexadecimal digits: the number of the device, and that of the folder which the kernel makes in sysfs when it mounts it, and never gives twice
 * (`kernfs_new_node`). Another mount point, or another namespace of the same mounting, changes nothing. For a block device it is the device itself: the
 * kernel numbers each that appears (`diskseq`, since Linux 5.15).
 *
 * Other file systems (btrfs, ZFS) do not tell: for them it is the number of the device alone.
 * @returns `undefined` where nothing is at `path`
 * @throws the system's error where that can't be looked at: another mounting must not pass for the old one because of that
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
  // A folder in sysfs can't have a slash in its name: the kernel writes cciss/c0d0p1 as cciss!c0d0p1 there.
  const folder = name.replaceAll('/', '!');
  for (const type of FILE_SYSTEMS_IN_SYSFS) {
    const stat = fs.statSync(join(sysfs, 'fs', type, folder), { bigint: true, throwIfNoEntry: false });
    if (stat) return stat.ino;
  }
  return 0n;
}

/** A partition has that of its disk, which is the folder above: by way of the link, so that the path must stay as it is. */
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

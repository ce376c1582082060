import { mkdir, open, readdir, readFile, realpath, stat, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** The suffix that sysfs adds to the name of a removed file. */
const DELETED = ' (deleted)';

/** `md/array_state` (Documentation/admin-guide/md.rst) of the array at `device`, or `undefined` if it is not running. */
export async function arrayState(device: string, sysfs = '/sys'): Promise<string | undefined> {
  const node = await orUndefined(realpath(device));
  if (node === undefined) return undefined;
  return (await orUndefined(readFile(join(sysfs, 'block', basename(node), 'md/array_state'), 'utf8')))?.trim();
}

/** The link that udev would create: udev finds it in place, and removes it together with the array. */
export async function linkMirrorSet(device: string, leg: string, sysfs = '/sys'): Promise<boolean> {
  const holders = (await orUndefined(readdir(join(sysfs, 'class/block', basename(leg), 'holders')))) ?? [];
  const set = holders.find((holder) => /^md\d+$/.test(holder));
  if (set === undefined) return false;
  await mkdir(dirname(device), { recursive: true, mode: 0o755 });
  await symlink(`../${set}`, device).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  return true;
}

/** The loop devices with this backing file: compared by name, and by inode in case it is known by another name. */
export async function loopsOf(path: string, sysfs = '/sys'): Promise<string[]> {
  const blocks = (await orUndefined(readdir(join(sysfs, 'block')))) ?? [];
  const wanted = await orUndefined(stat(path));
  const resolved = (await orUndefined(realpath(path))) ?? path;
  const loops: string[] = [];
  for (const name of blocks.filter((block) => /^loop\d+$/.test(block)).sort()) {
    const backing = (await orUndefined(readFile(join(sysfs, 'block', name, 'loop/backing_file'), 'utf8')))?.trimEnd();
    if (backing === undefined || backing.endsWith(DELETED)) continue;
    const found = await orUndefined(stat(backing));
    const sameFile = wanted !== undefined && found?.dev === wanted.dev && found.ino === wanted.ino;
    if (backing === resolved || sameFile) loops.push(`/dev/${name}`);
  }
  return loops;
}

export async function isBlockDevice(path: string): Promise<boolean> {
  return (await orUndefined(stat(path)))?.isBlockDevice() ?? false;
}

/** Up to `length_bytes` bytes, fewer at the end of the file. */
export async function readFileBytes(path: string, offset_bytes: number, length_bytes: number): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const bytes = Buffer.alloc(length_bytes);
    const { bytesRead } = await file.read(bytes, 0, length_bytes, offset_bytes);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** `undefined` if it does not exist or has just disappeared: devices come and go while they are read. */
async function orUndefined<Value>(promise: Promise<Value>): Promise<Value | undefined> {
  try {
    return await promise;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENODEV' || code === 'ENXIO' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

import { mkdir, open, readdir, readFile, realpath, stat, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** sysfs says so behind the name of a file that has been removed. */
const DELETED = ' (deleted)';

/** `md/array_state` (Documentation/admin-guide/md.rst) of the mirror set at `device`, or `undefined` where none runs. */
export async function arrayState(device: string, sysfs = '/sys'): Promise<string | undefined> {
  const node = await orUndefined(realpath(device));
  if (node === undefined) return undefined;
  return (await orUndefined(readFile(join(sysfs, 'block', basename(node), 'md/array_state'), 'utf8')))?.trim();
}

/** How udev links it too: it finds its link made, and takes it away with the set. */
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

/** The loop devices whose backing file is this one: by its name, or by its inode where it is known by another name. */
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

/** As many bytes as there are, up to `length_bytes`. */
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

/** What is not there, or has just gone: devices come and go while they are looked at. */
async function orUndefined<Value>(promise: Promise<Value>): Promise<Value | undefined> {
  try {
    return await promise;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENODEV' || code === 'ENXIO' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

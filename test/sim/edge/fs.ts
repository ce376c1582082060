import * as real from 'node:fs';
import { join } from 'node:path';
import { theWorld } from './edge-world.ts';

/** Stands for `node:fs`: files of the simulated standby. The program's own files are the real ones. */
const OWN = join(import.meta.dirname, '..', '..', '..');
const isOwn = (path: unknown): path is string => typeof path === 'string' && path.startsWith(OWN);
const disk = () => theWorld().disk;
const asText = (bytes: Buffer, options: unknown) => (options === undefined ? bytes : bytes.toString('utf8'));

export const readFileSync = (path: string, options?: unknown) =>
  isOwn(path) ? real.readFileSync(path, options as 'utf8') : asText(disk().read(path), options);
export const existsSync = (path: string) => disk().exists(path);
export const statSync = (path: string) => disk().stat(path);
export const statfsSync = (path: string) => disk().space(path);
export const fstatSync = (fd: number) => disk().statOpen(fd);
export const mkdirSync = (path: string, _options?: unknown) => disk().makeFolder(path);
export const { constants } = real;
/** Numeric flags are those that write in place, and create. */
export const openSync = (path: string, flags: string | number, _mode?: number) =>
  disk().open(path, typeof flags === 'string' ? flags : 'in-place');
export const closeSync = (fd: number) => disk().close(fd);
export const fsyncSync = (fd: number) => disk().sync(fd);
export const renameSync = (from: string, to: string) => disk().rename(from, to);
export const linkSync = (from: string, to: string) => disk().link(from, to);
export const rmSync = (path: string, _options?: unknown) => disk().remove(path);
export const chmodSync = () => {};
export const truncateSync = (path: string, length = 0) => disk().truncate(path, length);

export function writeFileSync(file: string | number, content: string | Uint8Array, _options?: unknown): void {
  const bytes = Buffer.from(content as string);
  if (typeof file === 'number') {
    disk().write(file, bytes, undefined);
    return;
  }
  const fd = disk().open(file, 'w');
  try {
    disk().write(fd, bytes, undefined);
  } finally {
    disk().close(fd);
  }
}

/** `writeSync(fd, text)` or `writeSync(fd, bytes, offset, length, position)`. */
export function writeSync(
  fd: number,
  content: string | Uint8Array,
  offset = 0,
  length?: number,
  position?: number,
): number {
  const bytes =
    typeof content === 'string'
      ? Buffer.from(content)
      : Buffer.from(content).subarray(offset, offset + (length ?? content.length - offset));
  return disk().write(fd, bytes, position);
}

export function readSync(fd: number, target: Uint8Array, offset: number, length: number, position: number): number {
  return disk().readAt(fd, target, offset, length, position);
}

export const readdirSync = (path: string) => disk().list(path);

import { dirname } from 'node:path';
import type { Random } from '../../fixtures/iscsi/random.ts';
import { assertAlive, currentProcess, type SimProcess } from './process.ts';

const BLOCK_bytes = 4096;
const SECTOR_bytes = 512;

interface File {
  number: number;
  bytes: Buffer;
  /** What is on the disk; `undefined` if nothing is. */
  durable: Buffer | undefined;
  lockedBy: number | undefined;
  changed: number;
}

interface OpenFile {
  file: File | undefined;
  path: string;
  appends: boolean;
  position: number;
  process: SimProcess | undefined;
}

/**
 * The standby's file systems: what is written is lost with the power, unless it was flushed. A file needs its own flush, its
 * name a flush of its folder. Folders themselves are not lost.
 */
export class Disk {
  /** File systems that are full, by their mount points. */
  readonly full = new Set<string>();
  readonly #mounts: readonly string[];
  readonly #folders = new Set<string>(['/']);
  #names = new Map<string, File>();
  #durableNames = new Map<string, File>();
  readonly #open = new Map<number, OpenFile>();
  readonly #locks = new Map<string, { note: string; process: SimProcess | undefined }>();
  #number = 3;

  /** @param mounts Mount points; the longest that matches has the file. */
  constructor(mounts: readonly string[]) {
    this.#mounts = mounts.toSorted((a, b) => b.length - a.length);
  }

  exists(path: string): boolean {
    return this.#names.has(path) || this.#folders.has(path);
  }

  read(path: string): Buffer {
    return this.#named(path, 'open').bytes;
  }

  stat(path: string): { ino: number; mtimeMs: number; size: number; dev: number } {
    const dev = 1 + this.#mounts.findIndex((point) => path.startsWith(point));
    if (this.#folders.has(path)) return { ino: 1, mtimeMs: 0, size: 0, dev };
    const { number, changed, bytes } = this.#named(path, 'stat');
    return { ino: number, mtimeMs: changed, size: bytes.length, dev };
  }

  /** statfs(2) */
  space(path: string): { bavail: number; blocks: number; bsize: number; files: number; ffree: number } {
    if (!this.exists(path)) throw fault('ENOENT', 'statfs', path);
    return { bavail: this.#isFull(path) ? 0 : 1e6, blocks: 1e6, bsize: BLOCK_bytes, files: 0, ffree: 0 };
  }

  statOpen(fd: number): { size: number; blocks: number } {
    const size = this.#opened(fd).file?.bytes.length ?? 0;
    return { size, blocks: allocated_bytes(size) / SECTOR_bytes };
  }

  list(folder: string): string[] {
    const start = `${folder}/`;
    return [...this.#names.keys()]
      .filter((path) => path.startsWith(start))
      .map((path) => path.slice(start.length).split('/')[0] as string);
  }

  makeFolder(path: string): void {
    assertAlive();
    for (let folder = path; !this.#folders.has(folder); folder = dirname(folder)) this.#folders.add(folder);
  }

  open(path: string, flags: string): number {
    assertAlive();
    let file = this.#names.get(path);
    if (!file && !(flags === 'r' && this.#folders.has(path))) {
      if (flags.startsWith('r') || !this.#folders.has(dirname(path))) throw fault('ENOENT', 'open', path);
      file = {
        number: this.#number++,
        bytes: Buffer.alloc(0),
        durable: undefined,
        lockedBy: undefined,
        changed: this.#number,
      };
      this.#names.set(path, file);
    } else if (flags.includes('x')) throw fault('EEXIST', 'open', path);
    else if (flags.startsWith('w') && file) file.bytes = Buffer.alloc(0);
    const fd = this.#number++;
    this.#open.set(fd, { file, path, appends: flags.startsWith('a'), position: 0, process: currentProcess() });
    return fd;
  }

  close(fd: number): void {
    const opened = this.#open.get(fd);
    if (opened?.file?.lockedBy === fd) opened.file.lockedBy = undefined;
    this.#open.delete(fd);
  }

  write(fd: number, bytes: Buffer, position: number | undefined): number {
    assertAlive();
    const opened = this.#opened(fd);
    const { file, path } = opened;
    if (!file) throw fault('EISDIR', 'write', path);
    const at = opened.appends ? file.bytes.length : (position ?? opened.position);
    const end = at + bytes.length;
    if (end > file.bytes.length) {
      if (end > allocated_bytes(file.bytes.length) && this.#isFull(path)) throw fault('ENOSPC', 'write', path);
      file.bytes = Buffer.concat([file.bytes, Buffer.alloc(end - file.bytes.length)]);
    } else file.bytes = Buffer.from(file.bytes);
    bytes.copy(file.bytes, at);
    file.changed = this.#number++;
    opened.position = end;
    return bytes.length;
  }

  readAt(fd: number, target: Uint8Array, offset: number, length: number, position: number): number {
    const bytes = this.#opened(fd).file?.bytes.subarray(position, position + length) ?? Buffer.alloc(0);
    target.set(bytes, offset);
    return bytes.length;
  }

  /** A file's content, or the names in a folder. */
  sync(fd: number): void {
    assertAlive();
    const { file, path } = this.#opened(fd);
    if (file) file.durable = file.bytes;
    else this.#syncFolder(path);
  }

  rename(from: string, to: string): void {
    assertAlive();
    this.#names.set(to, this.#named(from, 'rename'));
    this.#names.delete(from);
  }

  link(from: string, to: string): void {
    assertAlive();
    if (this.#names.has(to)) throw fault('EEXIST', 'link', to);
    if (this.#isFull(to)) throw fault('ENOSPC', 'link', to);
    this.#names.set(to, this.#named(from, 'link'));
  }

  remove(path: string): void {
    assertAlive();
    this.#names.delete(path);
  }

  truncate(path: string, length: number): void {
    assertAlive();
    const file = this.#named(path, 'truncate');
    file.bytes = file.bytes.subarray(0, length);
  }

  tryLock(fd: number): boolean {
    assertAlive();
    const { file } = this.#opened(fd);
    if (!file) return false;
    if (file.lockedBy !== undefined && file.lockedBy !== fd) return false;
    file.lockedBy = fd;
    return true;
  }

  /** @returns The note of the holder, if another process has it. */
  lockPath(path: string, note: string): string | undefined {
    const held = this.#locks.get(path);
    if (held) return held.note;
    const process = currentProcess();
    if (process?.alive !== false) this.#locks.set(path, { note, process });
    return undefined;
  }

  unlockPath(path: string): void {
    this.#locks.delete(path);
  }

  isPathLocked(path: string): boolean {
    return this.#locks.has(path);
  }

  /** The kernel closes what a process had open. */
  closeAllOf(process: SimProcess): void {
    for (const [fd, opened] of this.#open) if (opened.process === process) this.close(fd);
    for (const [path, lock] of this.#locks) if (lock.process === process) this.#locks.delete(path);
  }

  /** For whoever damages or repairs a file from outside: durable at once. */
  put(path: string, bytes: Buffer | undefined): void {
    if (bytes === undefined) {
      this.#names.delete(path);
      this.#durableNames.delete(path);
      return;
    }
    const file = { number: this.#number++, bytes, durable: bytes, lockedBy: undefined, changed: this.#number };
    for (let folder = dirname(path); !this.#folders.has(folder); folder = dirname(folder)) this.#folders.add(folder);
    this.#names.set(path, file);
    this.#durableNames.set(path, file);
  }

  /** The power fails: of what was not flushed, each thing may be lost or not. What is below /run is gone. */
  losePower(random: Random): void {
    this.#open.clear();
    this.#locks.clear();
    const names = new Map<string, File>();
    for (const path of new Set([...this.#names.keys(), ...this.#durableNames.keys()])) {
      const durable = this.#durableNames.get(path);
      const present = this.#names.get(path);
      const file = durable === present || random.oneIn(2) ? durable : present;
      if (file && !path.startsWith('/run/')) names.set(path, file);
    }
    for (const file of new Set(names.values())) {
      file.lockedBy = undefined;
      if (file.durable !== file.bytes && random.oneIn(2)) file.bytes = file.durable ?? Buffer.alloc(0);
      file.durable = file.bytes;
    }
    this.#names = names;
    this.#durableNames = new Map(names);
  }

  #syncFolder(folder: string): void {
    const isIn = (path: string) => dirname(path) === folder;
    for (const path of this.#durableNames.keys())
      if (isIn(path) && !this.#names.has(path)) this.#durableNames.delete(path);
    for (const [path, file] of this.#names) if (isIn(path)) this.#durableNames.set(path, file);
  }

  #isFull(path: string): boolean {
    const mount = this.#mounts.find((point) => path.startsWith(point));
    return mount !== undefined && this.full.has(mount);
  }

  #named(path: string, call: string): File {
    const file = this.#names.get(path);
    if (!file) throw fault('ENOENT', call, path);
    return file;
  }

  #opened(fd: number): OpenFile {
    const opened = this.#open.get(fd);
    if (!opened) throw fault('EBADF', 'fd', String(fd));
    return opened;
  }
}

function allocated_bytes(size: number): number {
  return Math.ceil(size / BLOCK_bytes) * BLOCK_bytes;
}

function fault(code: string, syscall: string, path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${syscall} '${path}'`), { code, syscall, path });
}

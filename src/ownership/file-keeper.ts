import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Clock, systemClock } from '../std/clock.ts';
import { syncDirectory } from '../std/durable-file.ts';
import { SpareError } from '../std/errors.ts';
import { loadLibc } from '../std/libc.ts';
import {
  createReservedFile,
  ReservedFileDamaged,
  readReserved,
  readReservedFile,
  writeReserved,
} from '../std/reserved-file.ts';
import type { OwnershipKeeper } from './keeper.ts';
import { OWNERS, type OwnershipCause, type OwnershipRecord, type VolumeId } from './record.ts';
import { nextRecord } from './rules.ts';

const LOCK_POLL_ms = 2;

/** The default keeper: a file on the standby for each volume, beside its leg. Its space is reserved, so a full disk does not matter. */
export class FileKeeper implements OwnershipKeeper {
  readonly #pathOf: (volume: VolumeId) => string;
  readonly #clock: Clock;

  constructor(pathOf: (volume: VolumeId) => string, clock: Clock = systemClock) {
    this.#pathOf = pathOf;
    this.#clock = clock;
  }

  async read(volume: VolumeId): Promise<OwnershipRecord | undefined> {
    return readOwnershipFile(this.#pathOf(volume));
  }

  async change(volume: VolumeId, epoch: number | undefined, cause: OwnershipCause): Promise<OwnershipRecord> {
    const path = this.#pathOf(volume);
    if (epoch === undefined) return create(path, volume, nextRecord(undefined, cause, this.#clock));
    const fd = openForChange(path, volume);
    try {
      await this.#lock(fd);
      const record = decode(readNewest(fd, path), path);
      if (record.epoch !== epoch) throw changed(volume, epoch, record);
      const next = nextRecord(record, cause, this.#clock);
      writeReserved(fd, path, encode(next));
      return next;
    } finally {
      closeSync(fd);
    }
  }

  /** Held until the file is closed. */
  async #lock(fd: number): Promise<void> {
    const libc = loadLibc();
    if (!libc) throw new Error('Cannot lock the ownership record: start Node with --allow-ffi');
    while (!libc.tryLock(fd)) await this.#clock.sleep(LOCK_POLL_ms);
  }
}

/** The record in a file; `undefined` if there is none. @throws SpareError like `OwnershipKeeper.read` */
export function readOwnershipFile(path: string): OwnershipRecord | undefined {
  let content: string | undefined;
  try {
    content = readReservedFile(path);
  } catch (error) {
    throw error instanceof ReservedFileDamaged ? damaged(path, error.message) : error;
  }
  return content === undefined ? undefined : decode(content, path);
}

/** Removes the record of a former volume of this name. Durable when it returns. */
export function forgetOwnership(path: string): void {
  rmSync(path, { force: true });
  syncDirectory(dirname(path));
}

/** Whoever creates the file first wins: the second one finds it. */
function create(path: string, volume: VolumeId, record: OwnershipRecord): OwnershipRecord {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    createReservedFile(path, encode(record), 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw changed(volume, undefined, readOwnershipFile(path));
  }
  return record;
}

function openForChange(path: string, volume: VolumeId): number {
  try {
    return openSync(path, 'r+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw changed(volume, undefined, undefined);
    throw error;
  }
}

function readNewest(fd: number, path: string): string {
  try {
    return readReserved(fd, path);
  } catch (error) {
    throw error instanceof ReservedFileDamaged ? damaged(path, error.message) : error;
  }
}

function encode(record: OwnershipRecord): string {
  return JSON.stringify(record);
}

function decode(content: string, path: string): OwnershipRecord {
  let record: Partial<OwnershipRecord> | null;
  try {
    record = JSON.parse(content);
  } catch {
    throw damaged(path, `Cannot read ${path}: it is not JSON`);
  }
  const { version, epoch, owner } = record ?? {};
  if (version !== 1) throw damaged(path, `Cannot read ${path}: its version is ${version}, expected 1`);
  if (!Number.isSafeInteger(epoch) || (epoch ?? 0) < 1 || !OWNERS.includes(owner as never)) {
    throw damaged(path, `Cannot read ${path}: the epoch '${epoch}' or the owner '${owner}' is invalid`);
  }
  return record as OwnershipRecord;
}

function changed(
  { host, volume }: VolumeId,
  epoch: number | undefined,
  found: OwnershipRecord | undefined,
): SpareError {
  const actual = found ? `epoch ${found.epoch}, owner '${found.owner}'` : 'no record';
  return new SpareError(
    'refused',
    'OWNERSHIP_CHANGED',
    `Cannot change the ownership record of ${host} (volume ${volume}): expected ${epoch === undefined ? 'no record' : `epoch ${epoch}`}, found ${actual}`,
    { hint: `Something else has changed it in the meantime. To see the state, run: spare status ${host}` },
  );
}

function damaged(path: string, message: string): SpareError {
  return new SpareError('precondition', 'OWNERSHIP_DAMAGED', message, {
    hint: `Without it nothing is known about the standby leg, so nothing is failed over. To start again from the primary's leg, run: mv ${path} ${path}.damaged`,
  });
}

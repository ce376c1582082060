import type { OwnershipRecord } from '../ownership/record.ts';
import type { ByteRange } from '../std/byte-range.ts';
import { SpareError } from '../std/errors.ts';
import { readVolumeRecord, writeVolumeRecord } from './volume-record.ts';

/** Why a volume was taken over. For people, and for the resync after a failback; it decides nothing. */
export interface TakeoverNote {
  version: 1;
  /** The epoch in which the volume was taken over: a note of another takeover says nothing about this one. */
  epoch: number;
  /** ISO 8601. */
  at: string;
  /** The standby leg was known to hold every acknowledged write. */
  proven: boolean;
  /** One sentence each. */
  reasons: readonly string[];
  /** Ranges of the standby leg with lost writes: the primary's own disk differs there. */
  lost: readonly ByteRange[];
}

/** The note of the takeover that the record is about; `undefined` if there is none, if it is of another takeover, or damaged. */
export function readTakeoverNote(
  host: string,
  volume: string,
  record: OwnershipRecord | undefined,
): TakeoverNote | undefined {
  const note = readAny(host, volume);
  return note?.epoch !== undefined && note.epoch === record?.takenIn ? note : undefined;
}

/** Durable when it returns. */
export function writeTakeoverNote(host: string, volume: string, note: TakeoverNote): void {
  writeVolumeRecord(host, volume, 'takeover', note);
}

function readAny(host: string, volume: string): TakeoverNote | undefined {
  try {
    return readVolumeRecord<TakeoverNote>(host, volume, 'takeover');
  } catch (error) {
    if (error instanceof SpareError) return undefined;
    throw error;
  }
}

import type { VolumeConfiguration } from '../config/schema.ts';
import type { ByteRange } from '../std/byte-range.ts';
import { mountIdOf } from '../store/mount-id.ts';
import { lostRanges } from '../store/open-recorded-store.ts';
import type { FailureNote } from './failure-note.ts';
import { rangesAtRisk, regionsPath } from './leg-loss.ts';

/**
 * The lost writes of a leg by its records, read without opening it: the note and the record of regions are authoritative,
 * whatever its process has not reported yet.
 * @param isOpen A process has opened the leg, and knows best. Checking it here too could hang, and with it all hosts.
 */
export function recordedLoss(
  { path, size_bytes, folder }: VolumeConfiguration['standbyLeg'],
  note: Pick<FailureNote, 'stands'>,
  isOpen: boolean,
): readonly ByteRange[] {
  const record = regionsPath(folder);
  if (note.stands) return rangesAtRisk(record, size_bytes);
  const lost = lostRanges(record, size_bytes);
  if (lost.length > 0 || isOpen) return lost;
  const marked = lostRanges(record, size_bytes, '');
  return marked.length === 0 || isMountedAsThen(record, size_bytes, path) ? [] : marked;
}

function isMountedAsThen(record: string, size_bytes: number, leg: string): boolean {
  try {
    return lostRanges(record, size_bytes, undefined, mountIdOf(leg)).length === 0;
  } catch {
    return false;
  }
}

import { SpareError } from '../std/errors.ts';
import type { VolumeEvidence } from './host-record.ts';
import { readVolumeRecord, removeVolumeRecord, writeVolumeRecord } from './volume-record.ts';

/**
 * The watch's evidence about a volume; empty before the first report, and if the file is damaged: a report is not made durable, so a
 * power loss may leave a file of zeroes. No evidence proves nothing, and the next report replaces it.
 */
export function readEvidence(host: string, volume: string): VolumeEvidence {
  try {
    return readVolumeRecord<VolumeEvidence>(host, volume, 'evidence') ?? { version: 1 };
  } catch (error) {
    if (error instanceof SpareError && error.code === 'RECORD_DAMAGED') return { version: 1 };
    throw error;
  }
}

/**
 * Replaces the evidence by the result of `change`. Only the watch calls it.
 * @param options `durable` waits for the disk, which may be busy with mirror writes: not for every second's report.
 */
export function updateEvidence(
  host: string,
  volume: string,
  change: (evidence: VolumeEvidence) => VolumeEvidence,
  options = { durable: true },
): void {
  writeVolumeRecord(host, volume, 'evidence', change(readEvidence(host, volume)), options);
}

/** Removes the evidence of a former volume of this name. */
export function forgetEvidence(host: string, volume: string): void {
  removeVolumeRecord(host, volume, 'evidence');
}

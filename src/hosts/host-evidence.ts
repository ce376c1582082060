import { join } from 'node:path';
import { paths } from '../config/paths.ts';
import { SpareError } from '../std/errors.ts';
import type { HostEvidence } from './host-record.ts';
import { readRecordFile, removeRecordFile, writeRecordFile } from './record-file.ts';

const evidencePath = (host: string) => join(paths().state, 'evidence', `${host}.json`);

/**
 * The watch's evidence about a host; empty before the first report, and if the file is damaged: a report is not made durable, so a
 * power loss may leave a file of zeroes. No evidence proves nothing, and the next report replaces it.
 */
export function readEvidence(host: string): HostEvidence {
  try {
    return readRecordFile<HostEvidence>(evidencePath(host)) ?? { version: 1 };
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
  change: (evidence: HostEvidence) => HostEvidence,
  options = { durable: true },
): void {
  writeRecordFile(evidencePath(host), change(readEvidence(host)), options);
}

/** Removes the evidence of a former host of this name. */
export function forgetEvidence(host: string): void {
  removeRecordFile(evidencePath(host));
}

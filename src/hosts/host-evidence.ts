import { join } from 'node:path';
import { paths } from '../config/paths.ts';
import type { HostEvidence } from './host-record.ts';
import { readRecordFile, removeRecordFile, writeRecordFile } from './record-file.ts';

const evidencePath = (host: string) => join(paths().state, 'evidence', `${host}.json`);

/** What the watch has learnt of a host; empty before the first report. */
export function readEvidence(host: string): HostEvidence {
  return readRecordFile<HostEvidence>(evidencePath(host)) ?? { version: 1 };
}

/**
 * Replaces what is known by what `change` makes of it. Only the watch calls it.
 * @param options `durable` waits for the disk, which may be busy with mirror writes: not for every second's report.
 */
export function updateEvidence(
  host: string,
  change: (evidence: HostEvidence) => HostEvidence,
  options = { durable: true },
): void {
  writeRecordFile(evidencePath(host), change(readEvidence(host)), options);
}

/** Of a former host of this name. */
export function forgetEvidence(host: string): void {
  removeRecordFile(evidencePath(host));
}

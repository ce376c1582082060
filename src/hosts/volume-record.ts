import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { paths, volumeFolder } from '../config/paths.ts';
import { DEFAULT_VOLUME_NAME } from '../config/volumes.ts';
import { type HostFile, readRecordFile, removeRecordFile, writeRecordFile } from './record-file.ts';

/** What is recorded about a volume, and the folder in which a host's only one was, before volumes had folders of their own. */
const FORMER_FOLDERS = { evidence: 'evidence', takeover: 'takeovers' } as const;
export type VolumeRecordName = keyof typeof FORMER_FOLDERS;

function recordPath(host: string, volume: string, name: VolumeRecordName): string {
  return join(volumeFolder(paths().state, host, volume), `${name}.json`);
}

function formerPath(host: string, volume: string, name: VolumeRecordName): string | undefined {
  if (volume !== DEFAULT_VOLUME_NAME) return undefined;
  const path = join(paths().state, FORMER_FOLDERS[name], `${host}.json`);
  return existsSync(path) ? path : undefined;
}

/** A record of one volume; `undefined` if there is none. @throws SpareError like `readRecordFile` */
export function readVolumeRecord<Content extends HostFile>(
  host: string,
  volume: string,
  name: VolumeRecordName,
): Content | undefined {
  const path = recordPath(host, volume, name);
  const former = existsSync(path) ? undefined : formerPath(host, volume, name);
  return readRecordFile<Content>(former ?? path);
}

/**
 * Replaces a record of one volume. The file of an older version goes once this one is durable.
 * @param options `durable` waits for the disk, which may be busy with mirror writes.
 */
export function writeVolumeRecord(
  host: string,
  volume: string,
  name: VolumeRecordName,
  content: HostFile,
  options = { durable: true },
): void {
  const former = formerPath(host, volume, name);
  writeRecordFile(recordPath(host, volume, name), content, former === undefined ? options : { durable: true });
  if (former !== undefined) removeRecordFile(former);
}

/** Removes it, also that of an older version. */
export function removeVolumeRecord(host: string, volume: string, name: VolumeRecordName): void {
  const former = formerPath(host, volume, name);
  // First the older one, which counts only while there is no other.
  if (former !== undefined) removeRecordFile(former);
  removeRecordFile(recordPath(host, volume, name));
}

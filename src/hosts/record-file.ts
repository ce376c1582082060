import { mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { overwriteFile, removeFileDurably, replaceFile, writeFileDurably } from '../std/durable-file.ts';
import { SpareError } from '../std/errors.ts';

/** The content of a JSON file about a host. */
export interface HostFile {
  version: number;
}

const VERSION = 1;

/**
 * The content of a host's file; `undefined` if it does not exist. One without a version is of version 1: not all records had one.
 * @throws SpareError `precondition` if it is not JSON, or of another version.
 */
export function readRecordFile<Content extends HostFile>(path: string): Content | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const content = { version: VERSION, ...parse(text, path) };
  if (content.version === VERSION) return content as Content;
  throw new SpareError(
    'precondition',
    'RECORD_VERSION',
    `Cannot read ${path}: its version is ${content.version}, this version of spare supports ${VERSION}`,
    { hint: 'A newer version of spare wrote it: install that version' },
  );
}

/** @param options `durable` waits for the disk, which may be busy with mirror writes. */
export function writeRecordFile(path: string, content: HostFile, options = { durable: true }): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const write = options.durable ? writeFileDurably : replaceFile;
  const text = `${JSON.stringify(content, null, 2)}\n`;
  try {
    write(path, text, 0o600);
  } catch (error) {
    // On a full disk a host must still become suspect and be taken over.
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC' || !overwriteFile(path, text)) throw error;
  }
}

export function removeRecordFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  removeFileDurably(path);
}

/** The hint says how to continue without the file. */
export function damaged(path: string, what: string, cause?: unknown): SpareError {
  return new SpareError('precondition', 'RECORD_DAMAGED', `Cannot read ${path}: ${what}`, {
    hint: `Restore it from a backup, or run: mv ${path} ${path}.damaged. spare then starts without its content, and a failover needs new evidence`,
    cause,
  });
}

function parse(text: string, path: string): Partial<HostFile> {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw damaged(path, 'it is not JSON', cause);
  }
  if (typeof content !== 'object' || content === null) throw damaged(path, 'it is not a JSON object');
  return content;
}

import type { WrittenFile } from './machine.ts';
import { programArgv } from './program.ts';

/**
 * Files through a shell on the machine, local or remote. The content to write is read from standard input.
 * Temporary name, fsync, rename: after a power loss a file holds the complete old or the complete new content.
 */
export function writeFileArgv(path: string, mode: number): string[] {
  return programArgv('write-file', path, octal(mode));
}

/** Writes several files in one call; it reads `writeFilesInput` from its standard input. */
export function writeFilesArgv(): string[] {
  return programArgv('write-files');
}

/** For each file a line with its length in bytes, its mode and its path, which has no spaces; then its content. */
export function writeFilesInput(files: readonly WrittenFile[]): string {
  return files
    .map(({ path, content, mode }) => `${Buffer.byteLength(content)} ${octal(mode)} ${path}\n${content}`)
    .join('');
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

/** Exits with `NO_SUCH_FILE` if the file does not exist. */
export function readFileArgv(path: string): string[] {
  return programArgv('read-file', path);
}

export const NO_SUCH_FILE = 44;

import { chmodSync, mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeFileDurably } from '../std/durable-file.ts';
import { execLines, execLocal } from './exec.ts';
import { arrayState, isBlockDevice, linkMirrorSet, loopsOf, readFileBytes } from './kernel-files.ts';
import type { ExecOptions, ExecResult, StandbyMachine, WrittenFile } from './machine.ts';

/** The machine that spare runs on: the standby. */
export class LocalMachine implements StandbyMachine {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  exec(argv: readonly string[], options?: ExecOptions): Promise<ExecResult> {
    return execLocal(argv, options);
  }

  /** The output lines of a long-lived command, until it ends or `signal` ends it. */
  lines(argv: readonly string[], signal: AbortSignal): AsyncGenerator<string, void> {
    return execLines(argv, signal);
  }

  /** In this process: nothing is started for it. */
  async writeFile(path: string, content: string, mode: number): Promise<void> {
    writeInDirectory({ path, content, mode }, 0o700);
  }

  async writeFiles(files: readonly WrittenFile[]): Promise<void> {
    for (const file of files) writeInDirectory(file, 0o755);
  }

  async readFile(path: string): Promise<string | undefined> {
    try {
      return await readFile(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  arrayState(device: string): Promise<string | undefined> {
    return arrayState(device);
  }

  linkMirrorSet(device: string, leg: string): Promise<boolean> {
    return linkMirrorSet(device, leg);
  }

  isBlockDevice(path: string): Promise<boolean> {
    return isBlockDevice(path);
  }

  loopsOf(path: string): Promise<string[]> {
    return loopsOf(path);
  }

  readFileBytes(path: string, offset_bytes: number, length_bytes: number): Promise<Buffer> {
    return readFileBytes(path, offset_bytes, length_bytes);
  }
}

function writeInDirectory({ path, content, mode }: WrittenFile, directoryMode: number): void {
  mkdirSync(dirname(path), { recursive: true, mode: directoryMode });
  writeFileDurably(path, content, mode);
  // The umask may have taken bits away.
  chmodSync(path, mode);
}

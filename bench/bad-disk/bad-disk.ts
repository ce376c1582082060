import type { ChildProcess } from 'node:child_process';
import { accessSync, constants, existsSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { firstLine } from '../first-line.ts';
import { NotMeasurableError } from '../not-measurable-error.ts';
import type { Sandbox } from '../sandbox.ts';
import { waitFor } from '../targets/target.ts';

/** Debian's own: its package of the FUSE binding is for no other. */
const PYTHON = '/usr/bin/python3';

/**
 * A file on a FUSE file system that passes through to another one, and is slow or stuck on request: to the target it is a disk that is,
 * with threads that wait in the kernel. Nothing of it is cached, so that no operation of the target misses the trouble.
 */
export class BadDisk {
  readonly file: string;
  readonly #child: ChildProcess;
  readonly #sandbox: Sandbox;
  readonly #mountPoint: string;

  /** @throws {NotMeasurableError} where this machine has no FUSE for us. */
  static async start(sandbox: Sandbox, backingFile: string): Promise<BadDisk> {
    try {
      accessSync('/dev/fuse', constants.R_OK | constants.W_OK);
    } catch {
      throw new NotMeasurableError('there is no FUSE here: /dev/fuse cannot be opened');
    }
    const mountPoint = mkdtempSync(join(sandbox.folder, 'bad-disk-'));
    sandbox.unmountAtExit(mountPoint);
    const program = join(import.meta.dirname, 'bad_disk.py');
    const child = sandbox.start(PYTHON, [program, backingFile, mountPoint], {}, 'pipe');
    const disk = new BadDisk(sandbox, child, mountPoint);
    // It says each command back when it has been obeyed.
    const answer = firstLine(child, 'the bad disk');
    disk.heal();
    await answer;
    await waitFor(() => existsSync(disk.file), 'the bad disk');
    return disk;
  }

  private constructor(sandbox: Sandbox, child: ChildProcess, mountPoint: string) {
    this.#sandbox = sandbox;
    this.#child = child;
    this.#mountPoint = mountPoint;
    this.file = join(mountPoint, 'disk.img');
  }

  /** Each operation takes so much longer. */
  slow(delay_ms: number): void {
    this.#child.stdin?.write(`delay ${delay_ms / 1000}\n`);
  }

  /** No operation ends. */
  hang(): void {
    this.#child.stdin?.write('hang\n');
  }

  heal(): void {
    this.#child.stdin?.write('heal\n');
  }

  async stop(): Promise<void> {
    this.heal();
    this.#sandbox.unmount(this.#mountPoint);
    await this.#sandbox.end(this.#child, 'SIGKILL');
  }
}

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../src/std/clock.ts';
import { within } from '../src/std/within.ts';

const END_TIMEOUT_MS = 15_000;

/**
 * What a benchmark leaves on the machine while it runs: a temporary folder and the daemons it started.
 * All of it goes when the process exits, whatever the reason, Ctrl-C included.
 */
export class Sandbox {
  readonly folder = mkdtempSync(join(tmpdir(), 'spare-bench-'));
  readonly #daemons = new Set<ChildProcess>();
  readonly #leftovers = new Set<string>();
  readonly #mountPoints = new Set<string>();

  constructor() {
    process.once('exit', () => this.#clear());
    // The default action of a signal skips `exit` handlers.
    process.once('SIGINT', () => process.exit(130));
    process.once('SIGTERM', () => process.exit(143));
  }

  start(
    command: string,
    args: readonly string[],
    environment: NodeJS.ProcessEnv = {},
    stdin: 'ignore' | 'pipe' = 'ignore',
  ): ChildProcess {
    // A group of its own keeps Ctrl-C away from a daemon until we end it.
    const child = spawn(command, args, {
      detached: true,
      stdio: [stdin, 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    this.#daemons.add(child);
    child.once('close', () => this.#daemons.delete(child));
    return child;
  }

  /** Ends one daemon. SIGKILL follows when `signal` had no effect in time. */
  async end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'close');
    child.kill(signal);
    if ((await within(END_TIMEOUT_MS, closed, systemClock)) !== undefined) return;
    child.kill('SIGKILL');
    await closed;
  }

  /** A file that a killed daemon can't remove itself. */
  removeAtExit(path: string): void {
    this.#leftovers.add(path);
  }

  /** A file system that would outlive the process that provides it. */
  unmountAtExit(mountPoint: string): void {
    this.#mountPoints.add(mountPoint);
  }

  unmount(mountPoint: string): void {
    spawnSync('umount', ['--lazy', mountPoint], { timeout: END_TIMEOUT_MS, stdio: 'ignore' });
    this.#mountPoints.delete(mountPoint);
  }

  #clear(): void {
    for (const child of this.#daemons) child.kill('SIGKILL');
    for (const mountPoint of this.#mountPoints) this.unmount(mountPoint);
    for (const path of [...this.#leftovers, this.folder]) rmSync(path, { recursive: true, force: true });
  }
}

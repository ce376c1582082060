import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { execa } from 'execa';

/** A lock that the kernel releases when this process ends, for whatever reason. */
export interface FileLock {
  release(): Promise<void>;
}

/** The exit code requested from flock(1) for a conflict: EX_TEMPFAIL. */
const CONFLICT = 75;

/**
 * Takes an exclusive flock(2) on a file, without waiting. Node has no flock, so flock(1) holds it: its `cat` ends, and with it the
 * lock, when this process closes its end of the pipe or dies.
 * @param note Written into the file, for whoever finds it locked.
 * @returns The lock, or the holder's note.
 */
export async function takeFileLock(path: string, note: string): Promise<FileLock | { heldBy: string }> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const holder = execa(
    'flock',
    ['--nonblock', '--conflict-exit-code', `${CONFLICT}`, path, 'sh', '-c', 'echo locked; exec cat'],
    {
      stdin: 'pipe',
      reject: false,
      // Ctrl-C reaches the whole process group: the lock must be held until this process has ended in an orderly way.
      detached: true,
    },
  );
  const locked = await Promise.race([
    new Promise<true>((resolve) => holder.stdout.once('data', () => resolve(true))),
    holder.then(() => false as const),
  ]);
  if (!locked) {
    const result = await holder;
    if (result.exitCode === CONFLICT) return { heldBy: readNote(path) };
    throw new Error(`Cannot lock ${path}: ${result.shortMessage ?? result.stderr}`);
  }
  writeNote(path, note);
  return {
    async release() {
      // The next holder must not be taken for this one before it has written its own.
      writeNote(path, '');
      holder.stdin.end();
      await holder;
    },
  };
}

/** Whether the lock is held right now, without taking it: /proc/locks lists all locks (proc(5)). */
export function isFileLocked(path: string): boolean {
  try {
    const { dev, ino } = statSync(path);
    const hex = (number: number) => number.toString(16).padStart(2, '0');
    // makedev(3): the minor number is split around the major one.
    const device = `${hex((dev >> 8) & 0xfff)}:${hex((dev & 0xff) | ((dev >> 12) & 0xfff00))}`;
    return readFileSync('/proc/locks', 'utf8').includes(` ${device}:${ino} `);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** On a full disk there is no note: the lock holds all the same. */
function writeNote(path: string, note: string): void {
  try {
    writeFileSync(path, note);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}

function readNote(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

import type { Machine, StandbyMachine } from '../machine/machine.ts';

export function attachLoopArgv(path: string): string[] {
  // Direct I/O: writes of the array do not stay in the page cache of the file.
  return ['losetup', '--find', '--show', '--direct-io=on', path];
}

/** sync(1): everything written to the file, by any process, is on the disk when it ends. */
export function syncDataArgv(path: string): string[] {
  return ['sync', '--data', path];
}

/** Enough for a full page cache on a slow disk. */
const SYNC_TIMEOUT_ms = 600_000;

export async function syncData(machine: Machine, path: string): Promise<void> {
  await machine.exec(syncDataArgv(path), { timeout_ms: SYNC_TIMEOUT_ms });
}

/**
 * The loop devices that a file is attached to, from the kernel's ioctl, which also sees other mount namespaces: for the last
 * check before a leg is released.
 */
export async function associatedLoops(machine: Machine, path: string): Promise<string[]> {
  const { stdout } = await machine.exec(['losetup', '--noheadings', '--output', 'NAME', '--associated', path]);
  return stdout
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** Attaches the file unless it is attached already, and returns the device. The page cache is flushed first, because direct I/O bypasses it. */
export async function attachLoop(machine: StandbyMachine, path: string): Promise<string> {
  const [attached] = await machine.loopsOf(path);
  if (attached) return attached;
  await syncData(machine, path);
  const { stdout } = await machine.exec(attachLoopArgv(path));
  return stdout.trim();
}

export async function detachLoops(machine: StandbyMachine, path: string): Promise<void> {
  for (const device of await machine.loopsOf(path)) await machine.exec(['losetup', '--detach', device]);
}

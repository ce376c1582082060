import type { Machine } from './machine.ts';

export function attachLoopArgv(path: string): string[] {
  // Direct I/O: what the mirror set writes is not held back in the page cache of the file.
  return ['losetup', '--find', '--show', '--direct-io=on', path];
}

/** The loop devices that a file is attached to; more than one is a defect of somebody. */
export async function loopsOf(machine: Machine, path: string): Promise<string[]> {
  const { stdout } = await machine.exec(['losetup', '--noheadings', '--output', 'NAME', '--associated', path]);
  return stdout
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** Attaches the file unless it is already, and answers the device. */
export async function attachLoop(machine: Machine, path: string): Promise<string> {
  const [attached] = await loopsOf(machine, path);
  if (attached) return attached;
  const { stdout } = await machine.exec(attachLoopArgv(path));
  return stdout.trim();
}

export async function detachLoops(machine: Machine, path: string): Promise<void> {
  for (const device of await loopsOf(machine, path)) await machine.exec(['losetup', '--detach', device]);
}

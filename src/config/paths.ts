import { join } from 'node:path';
import { DEFAULT_VOLUME_NAME } from './volumes.ts';

/** The directories of spare on the standby. Environment variables can move each of them (tests do). */
export interface Paths {
  /** `config.json`, `services/<host>.conf`, `ssh/`, secrets. Mode 0700. */
  readonly configuration: string;
  /** `hosts/<host>.json`, `journal/<host>.jsonl`, the default pool. Mode 0700. */
  readonly state: string;
  /** Sockets, locks, namespaces: gone after a restart. Mode 0700. */
  readonly runtime: string;
}

export function paths(environment: NodeJS.ProcessEnv = process.env): Paths {
  return {
    configuration: environment.SPARE_CONFIG_DIR ?? '/etc/spare',
    state: environment.SPARE_STATE_DIR ?? '/var/lib/spare',
    runtime: environment.SPARE_RUNTIME_DIR ?? '/run/spare',
  };
}

export function controlSocketPath(environment: NodeJS.ProcessEnv = process.env): string {
  return join(paths(environment).runtime, 'serve.sock');
}

/**
 * The folder of what is recorded about one volume of a host and its legs.
 * @param root The state directory, or the runtime directory for what need not outlive a restart of the machine.
 */
export function volumeFolder(root: string, host: string, volume: string): string {
  return join(root, 'volumes', host, volume);
}

/**
 * Where the note that the disk has failed the leg of a volume may be: it is written to the first path. The second is that of a
 * host's only leg, before volumes had folders of their own.
 * @param runtime The daemon's runtime directory.
 */
export function failureNotePaths(runtime: string, host: string, volume: string): [string, ...string[]] {
  const path = join(volumeFolder(runtime, host, volume), 'leg-failed');
  return volume === DEFAULT_VOLUME_NAME ? [path, join(runtime, 'failed-legs', host)] : [path];
}

/** Where the target keeps, until the machine is restarted, when it heard a host. */
export function heardPath(runtime: string, host: string): string {
  return join(runtime, 'heard', host);
}

/** The folder of one host in the pool, with nothing of any other host: `fenced`, and the folders of its volumes. */
export function hostFolder(poolDirectory: string, host: string): string {
  return join(poolDirectory, host);
}

/** The ownership record of a volume, beside its leg. @param folder The leg's: `standbyLeg.folder`. */
export function ownershipPath(folder: string): string {
  return join(folder, 'ownership');
}

import { join } from 'node:path';

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

/** The note that the disk has failed the leg of a host. @param runtime The daemon's runtime directory. */
export function failureNotePath(runtime: string, host: string): string {
  return join(runtime, 'failed-legs', host);
}

/** The folder of one host in the pool, with nothing of any other host: `leg.img`, `fenced`, `reservations`. */
export function hostFolder(poolDirectory: string, host: string): string {
  return join(poolDirectory, host);
}

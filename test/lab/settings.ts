import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

export type MachineName = 'standby' | 'alpha' | 'beta' | 'client';
export type PrimaryName = 'alpha' | 'beta';

export interface MachineSettings {
  readonly name: MachineName;
  readonly address: string;
  /** The last octet of `address`: its MAC address and machine-id are made from it. */
  readonly octet: number;
  readonly memory_MiB: number;
  readonly processors: number;
  /** A primary's raw data disk; the standby has the project itself as its second disk, the client has none. */
  readonly dataDisk_MiB?: number;
}

/** One lab: several may run at once, each in a network namespace and a directory of its own, from the same cached image. */
export interface LabSettings {
  readonly name: string;
  readonly namespace: string;
  /** Built once, shared by all labs: the image, the kernel, the key. */
  readonly cacheDirectory: string;
  /** Disks, consoles, sockets and process ids of this lab. */
  readonly runDirectory: string;
}

export const PROJECT_DIRECTORY = dirname(dirname(import.meta.dirname));

/** The host's end of the bridge, where the power switch listens. */
export const HOST_ADDRESS = '10.77.0.1';
export const POWER_SWITCH_PORT = 8000;
export const POWER_SWITCH_URL = `http://${HOST_ADDRESS}:${POWER_SWITCH_PORT}`;

const DATA_DISK_MIB = Number(process.env.SPARE_LAB_DATA_MIB ?? 256);

// The standby runs Node three times over: the target, the watch, and a command; it wants more than a file server that is idle.
export const MACHINES: Readonly<Record<MachineName, MachineSettings>> = {
  standby: { name: 'standby', address: '10.77.0.10', octet: 10, memory_MiB: 1024, processors: 2 },
  alpha: {
    name: 'alpha',
    address: '10.77.0.11',
    octet: 11,
    memory_MiB: 384,
    processors: 1,
    dataDisk_MiB: DATA_DISK_MIB,
  },
  beta: { name: 'beta', address: '10.77.0.12', octet: 12, memory_MiB: 384, processors: 1, dataDisk_MiB: DATA_DISK_MIB },
  client: { name: 'client', address: '10.77.0.20', octet: 20, memory_MiB: 384, processors: 1 },
};

export const MACHINE_NAMES = Object.keys(MACHINES) as MachineName[];
export const PRIMARY_NAMES: readonly PrimaryName[] = ['alpha', 'beta'];

export const SERVICE_ADDRESSES: Readonly<Record<PrimaryName, string>> = { alpha: '10.77.0.101', beta: '10.77.0.102' };

/**
 * The settings of the lab that the environment names.
 * `SPARE_LAB_NAME` keeps labs of several people apart (default `lab`), `SPARE_LAB_DIR` moves the cache.
 */
export function labSettings(environment: NodeJS.ProcessEnv = process.env): LabSettings {
  const name = environment.SPARE_LAB_NAME ?? 'lab';
  if (!/^[a-z][a-z0-9-]{0,19}$/.test(name)) {
    throw new Error(`Cannot name a lab '${name}': wanted 1 to 20 lower-case letters, digits and hyphens`);
  }
  const cacheDirectory =
    environment.SPARE_LAB_DIR ?? join(environment.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'spare-lab');
  return { name, namespace: `spare-${name}`, cacheDirectory, runDirectory: join(cacheDirectory, 'run', name) };
}

/** Hexadecimal SHA-256 of the parts, shortened to what is enough for a file name. */
export function shortHash(parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex').slice(0, 16);
}

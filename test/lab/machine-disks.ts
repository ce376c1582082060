import { existsSync } from 'node:fs';
import { rename, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Image } from './image.ts';
import type { LabSettings, MachineSettings } from './settings.ts';

/** A disk of a machine: a file here, which outlives the machine's process as a disk outlives a loss of power. */
export interface MachineDisk {
  /** In the guest it is `/dev/disk/by-id/lab-<name>`, with every engine. */
  readonly name: string;
  readonly file: string;
  /** What an overlay lies over; without it the file is the disk, byte for byte. */
  readonly base?: string;
  /** Where the guest finds it mounted when it starts. Its file system is ext4. */
  readonly mountPoint?: string;
}

const POOL_DIRECTORY = '/var/lib/spare/pool';
/** Sparse: what is not written takes no space. */
const POOL_SIZE = '6G';
const POOL_INODES = '1024';

/** The machine's disks, the root first; `overlaySuffix` is the engine's. */
export function machineDisks(
  lab: LabSettings,
  machine: MachineSettings,
  image: Image,
  overlaySuffix: string,
): [MachineDisk, ...MachineDisk[]] {
  const file = (name: string) => join(lab.runDirectory, name);
  const { name } = machine;
  const root = { name: 'root', file: file(`${name}.${overlaySuffix}`), base: image.root };
  if (name === 'standby') {
    return [
      root,
      { name: 'project', file: file('project.raw'), mountPoint: '/opt/spare' },
      { name: 'pool', file: file('pool.raw'), mountPoint: POOL_DIRECTORY },
    ];
  }
  return machine.dataDisk_MiB === undefined ? [root] : [root, { name: `${name}-data`, file: file(`${name}-data.raw`) }];
}

/** An empty disk, unless there is one. */
export async function makeDataDisk(file: string, size_MiB: number): Promise<void> {
  if (existsSync(file)) return;
  await writeFile(file, '');
  await truncate(file, size_MiB * 2 ** 20);
}

/** The disk that the standby's pool is on, an empty file system, unless there is one: what the pool holds can be read from outside. */
export async function makePoolDisk(file: string): Promise<void> {
  if (existsSync(file)) return;
  const made = `${file}.new`;
  await execa('truncate', ['-s', POOL_SIZE, made]);
  const options = 'lazy_itable_init=0,lazy_journal_init=1,nodiscard,root_owner=0:0';
  await execa('/sbin/mkfs.ext4', ['-q', '-F', '-m', '0', '-N', POOL_INODES, '-E', options, made]);
  await rename(made, file);
}

import { statfsSync } from 'node:fs';
import { arch, cpus, loadavg, release, totalmem } from 'node:os';
import { execa } from 'execa';

/** Names of the file systems' magic numbers, statfs(2). */
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  61267: 'ext4',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  16914836: 'tmpfs',
  2035054128: 'overlayfs',
};

export interface MachineFacts {
  processor: string;
  processorCount: number;
  memory_bytes: number;
  kernel: string;
  architecture: string;
  node: string;
  tgt: string;
  qemu: string;
  libiscsi: string;
  fileSystem: string;
  /** Of the last minute, before the first run. */
  loadAverage: number;
  commit: string;
}

export async function machineFacts(folder: string): Promise<MachineFacts> {
  const processors = cpus();
  return {
    processor: processors[0]?.model ?? 'unknown',
    processorCount: processors.length,
    memory_bytes: totalmem(),
    kernel: release(),
    architecture: arch(),
    node: process.versions.node,
    tgt: await packageVersion('tgt'),
    qemu: await packageVersion('qemu-utils'),
    libiscsi: await packageVersion('libiscsi-bin'),
    fileSystem: FILE_SYSTEMS[statfsSync(folder).type] ?? 'unknown',
    loadAverage: loadavg()[0] ?? 0,
    commit: await commit(),
  };
}

async function packageVersion(name: string): Promise<string> {
  const { stdout } = await execa('dpkg-query', ['-W', '-f', '$' + '{Version}', name], { reject: false });
  return stdout || 'unknown';
}

/** With `+` behind it where files differ from the commit. */
async function commit(): Promise<string> {
  const options = { cwd: import.meta.dirname, reject: false } as const;
  const { stdout: hash } = await execa('git', ['rev-parse', '--short', 'HEAD'], options);
  const { stdout: changes } = await execa('git', ['status', '--porcelain', '--', '../src', '../bin'], options);
  return hash === '' ? 'unknown' : `${hash}${changes === '' ? '' : '+'}`;
}

import { accessSync } from 'node:fs';
import { execa } from 'execa';

/** What the benchmark runs, and the Debian package that brings it. */
const NEEDED = [
  { file: '/usr/sbin/tgtd', package: 'tgt' },
  { file: '/usr/bin/iscsi-perf', package: 'libiscsi-bin' },
  { file: '/usr/bin/qemu-img', package: 'qemu-utils' },
  { file: '/usr/lib/x86_64-linux-gnu/qemu/block-iscsi.so', package: 'qemu-block-extra' },
];

/** @throws {Error} with the line to type when a package is missing. */
export async function requirePackages(): Promise<void> {
  const missing = NEEDED.filter(({ file }) => !exists(file)).map((entry) => entry.package);
  if (missing.length === 0) return;
  const line = `apt-get install --no-install-recommends -y ${missing.join(' ')}`;
  if (process.getuid?.() !== 0) throw new Error(`Cannot measure as Debian packages are missing. Type: sudo ${line}`);
  const [command = '', ...args] = line.split(' ');
  await execa(command, args, { env: { DEBIAN_FRONTEND: 'noninteractive' }, stdin: 'ignore', timeout: 600_000 });
}

function exists(file: string): boolean {
  try {
    accessSync(file);
    return true;
  } catch {
    return false;
  }
}

import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';

/** What the lab and the tests run on this machine: a command that shows that it is there, and the Debian package that brings it. */
const NEEDED: ReadonlyArray<{ command: string; package: string }> = [
  { command: 'qemu-system-x86_64', package: 'qemu-system-x86' },
  { command: 'qemu-img', package: 'qemu-utils' },
  { command: 'mmdebstrap', package: 'mmdebstrap' },
  { command: 'mkfs.ext4', package: 'e2fsprogs' },
  { command: 'ip', package: 'iproute2' },
  { command: 'ssh', package: 'openssh-client' },
  { command: 'ssh-keygen', package: 'openssh-client' },
  { command: 'cpio', package: 'cpio' },
  { command: 'mdadm', package: 'mdadm' },
  { command: 'iscsi-ls', package: 'libiscsi-bin' },
];
/** Libraries have no command of their own: QEMU's iSCSI client, which `qemu-img` loads. */
const NEEDED_FILES: ReadonlyArray<{ file: string; package: string }> = [
  { file: '/usr/lib/x86_64-linux-gnu/qemu/block-iscsi.so', package: 'qemu-block-extra' },
];
const INSTALL_TIMEOUT_MS = 600_000;

export class MissingPackagesError extends Error {
  override readonly name = 'MissingPackagesError';
}

/** The Debian packages that are missing on this machine. */
export function missingPackages(): string[] {
  const missing = [
    ...NEEDED.filter(({ command }) => !isOnPath(command)),
    ...NEEDED_FILES.filter(({ file }) => !isReadable(file)),
  ];
  return [...new Set(missing.map((entry) => entry.package))];
}

/**
 * Makes sure that every package the lab and the tests need is installed. Installs what is missing when run by root.
 * @throws {MissingPackagesError} otherwise, with the line to type.
 */
export async function ensurePackages(tell: (line: string) => void = () => {}): Promise<void> {
  const missing = missingPackages();
  if (missing.length === 0) return;
  const line = `apt-get install --no-install-recommends -y ${missing.join(' ')}`;
  if (process.getuid?.() !== 0) {
    throw new MissingPackagesError(`Cannot go on as Debian packages are missing. Install them with:\n  sudo ${line}`);
  }
  tell(`Installing Debian packages: ${missing.join(' ')}`);
  const environment = { DEBIAN_FRONTEND: 'noninteractive' };
  const options = { env: environment, timeout: INSTALL_TIMEOUT_MS, stdin: 'ignore' } as const;
  const install = () => execa('apt-get', ['install', '--no-install-recommends', '-y', ...missing], options);
  try {
    // The package lists of a fresh machine are missing or old, but where they are good an update would only cost time.
    await install().catch(async () => {
      await execa('apt-get', ['update'], options);
      await install();
    });
  } catch (cause) {
    throw new MissingPackagesError(`Cannot install Debian packages. Look at what this prints:\n  ${line}`, { cause });
  }
}

function isOnPath(command: string): boolean {
  // Administration commands are in sbin, which is not on everybody's path.
  const directories = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'];
  return directories.some((directory) => isExecutable(join(directory, command)));
}

function isExecutable(path: string): boolean {
  return canAccess(path, constants.X_OK);
}

function isReadable(path: string): boolean {
  return canAccess(path, constants.R_OK);
}

function canAccess(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

if (import.meta.main) {
  try {
    await ensurePackages((line) => console.error(line));
  } catch (error) {
    if (!(error instanceof MissingPackagesError)) throw error;
    console.error(error.message);
    process.exitCode = 3;
  }
}

import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';

/** A Debian package, and what shows that it is there: a command in the path, or a file (libraries have no command). */
interface NeededPackage {
  package: string;
  command?: string;
  file?: string;
  /** The lab goes on without it, with another engine. */
  optional?: boolean;
}

/** What the lab and the tests run on this machine. */
export const LAB_PACKAGES: readonly NeededPackage[] = [
  { package: 'qemu-system-x86', command: 'qemu-system-x86_64' },
  { package: 'user-mode-linux', command: 'linux.uml', optional: true },
  { package: 'qemu-utils', command: 'qemu-img' },
  // QEMU's iSCSI client, which `qemu-img` loads.
  { package: 'qemu-block-extra', file: '/usr/lib/x86_64-linux-gnu/qemu/block-iscsi.so' },
  { package: 'libiscsi-bin', command: 'iscsi-ls' },
  { package: 'mmdebstrap', command: 'mmdebstrap' },
  { package: 'e2fsprogs', command: 'mkfs.ext4' },
  { package: 'iproute2', command: 'ip' },
  { package: 'nftables', command: 'nft' },
  { package: 'openssh-client', command: 'ssh-keygen' },
  { package: 'cpio', command: 'cpio' },
  { package: 'iputils-ping', command: 'ping' },
  // The peer of the conformance suite and of the benchmark.
  { package: 'tgt', command: 'tgtd' },
];
const INSTALL_TIMEOUT_MS = 600_000;

export class MissingPackagesError extends Error {
  override readonly name = 'MissingPackagesError';
}

/**
 * Makes sure that the packages are installed. Installs what is missing when run by root.
 * @throws {MissingPackagesError} where one that can't be done without is missing, with the line to type.
 */
export async function installPackages(
  needed: readonly NeededPackage[] = LAB_PACKAGES,
  tell: (line: string) => void = () => {},
): Promise<void> {
  const missing = needed.filter((entry) => !isInstalled(entry));
  const required = names(missing.filter(({ optional }) => optional !== true));
  if (process.getuid?.() !== 0 && required.length > 0) {
    throw new MissingPackagesError(
      `Cannot go on as Debian packages are missing. Install them with:\n  sudo ${installLine(required)}`,
    );
  }
  if (process.getuid?.() !== 0 || missing.length === 0) return;
  tell(`Installing Debian packages: ${names(missing).join(' ')}`);
  const failed = await install(names(missing)).then(
    () => false,
    () => true,
  );
  if (!failed) return;
  await install(required).catch((cause: unknown) => {
    throw new MissingPackagesError(
      `Cannot install Debian packages. Look at what this prints:\n  ${installLine(required)}`,
      { cause },
    );
  });
  tell('Some could not be installed that the lab can do without');
}

function names(entries: readonly NeededPackage[]): string[] {
  return entries.map((entry) => entry.package);
}

function installLine(packages: readonly string[]): string {
  return `apt-get ${installArguments(packages).join(' ')}`;
}

function installArguments(packages: readonly string[]): string[] {
  return ['install', '--no-install-recommends', '-y', ...packages];
}

async function install(packages: readonly string[]): Promise<void> {
  const options = { env: { DEBIAN_FRONTEND: 'noninteractive' }, timeout: INSTALL_TIMEOUT_MS, stdin: 'ignore' } as const;
  const once = () => execa('apt-get', installArguments(packages), options);
  // The package lists of a fresh machine are missing or old, but where they are good an update would only cost time.
  await once().catch(async () => {
    await execa('apt-get', ['update'], options);
    await once();
  });
}

function isInstalled({ command, file }: NeededPackage): boolean {
  if (file !== undefined) return canAccess(file, constants.R_OK);
  // Administration commands are in sbin, which is not on everybody's path.
  const directories = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'];
  return directories.some((directory) => canAccess(join(directory, command ?? ''), constants.X_OK));
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
    await installPackages(LAB_PACKAGES, (line) => console.error(line));
  } catch (error) {
    if (!(error instanceof MissingPackagesError)) throw error;
    console.error(error.message);
    process.exitCode = 3;
  }
}

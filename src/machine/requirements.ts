import { SpareError } from '../std/errors.ts';
import type { Machine } from './machine.ts';
import { programArgv } from './program.ts';

/** A required program, and the Debian package that provides it. */
export interface Requirement {
  command: string;
  debianPackage: string;
}

export const STANDBY_PROGRAMS: readonly Requirement[] = [
  { command: 'mdadm', debianPackage: 'mdadm' },
  { command: 'exportfs', debianPackage: 'nfs-kernel-server' },
  { command: 'nfsdcld', debianPackage: 'nfs-kernel-server' },
  { command: 'arping', debianPackage: 'iputils-arping' },
  { command: 'ping', debianPackage: 'iputils-ping' },
  { command: 'ip', debianPackage: 'iproute2' },
  { command: 'ssh', debianPackage: 'openssh-client' },
  { command: 'ssh-keygen', debianPackage: 'openssh-client' },
  { command: 'e2fsck', debianPackage: 'e2fsprogs' },
  { command: 'losetup', debianPackage: 'mount' },
  { command: 'flock', debianPackage: 'util-linux' },
  { command: 'nsenter', debianPackage: 'util-linux' },
  { command: 'systemctl', debianPackage: 'systemd' },
];

export const PRIMARY_PROGRAMS: readonly Requirement[] = [
  { command: 'iscsiadm', debianPackage: 'open-iscsi' },
  { command: 'mdadm', debianPackage: 'mdadm' },
  { command: 'exportfs', debianPackage: 'nfs-kernel-server' },
  { command: 'nfsdcld', debianPackage: 'nfs-kernel-server' },
  { command: 'arping', debianPackage: 'iputils-arping' },
  { command: 'ip', debianPackage: 'iproute2' },
  { command: 'mkfs.ext4', debianPackage: 'e2fsprogs' },
  { command: 'wipefs', debianPackage: 'util-linux' },
  { command: 'nsenter', debianPackage: 'util-linux' },
  { command: 'systemctl', debianPackage: 'systemd' },
];

export const PRIMARY_MODULES = ['md_mod', 'raid1', 'iscsi_tcp', 'nfsd', 'macvlan'] as const;

/** Kernel modules that a failover needs; loaded at boot, so that a failover does not wait for them. */
export const STANDBY_MODULES = ['md_mod', 'raid1', 'loop', 'nfsd', 'macvlan'] as const;

/**
 * Asks for all of them in one call, because a remote call can be slow.
 * @param where As in a sentence: `on alpha`.
 * @throws SpareError `precondition` naming what is missing, and how to install it.
 */
export async function checkRequirements(
  machine: Machine,
  { programs, modules, where }: { programs: readonly Requirement[]; modules: readonly string[]; where: string },
): Promise<void> {
  const wanted = [...programs.map(({ command }) => `program:${command}`), ...modules.map((name) => `module:${name}`)];
  const { stdout } = await machine.exec(programArgv('missing-requirements', ...wanted));
  const missing = new Set(stdout.split('\n'));
  const missingPrograms = programs.filter(({ command }) => missing.has(`program:${command}`));
  if (missingPrograms.length > 0) {
    const names = missingPrograms.map(({ command }) => command).join(', ');
    throw new SpareError('precondition', 'PROGRAMS_MISSING', `Missing programs ${where}: ${names}`, {
      hint: `Run ${where}: ${installLine(missingPrograms)}`,
    });
  }
  const missingModules = modules.filter((name) => missing.has(`module:${name}`));
  if (missingModules.length > 0) {
    throw new SpareError(
      'precondition',
      'MODULES_MISSING',
      `Missing kernel modules ${where}: ${missingModules.join(', ')}`,
      {
        hint: `Debian's kernels have them. Run ${where}: apt-get install linux-image-amd64, then reboot`,
      },
    );
  }
}

/** The command line that installs the packages of the missing programs. */
function installLine(missing: readonly Requirement[]): string {
  const packages = [...new Set(missing.map((requirement) => requirement.debianPackage))].sort();
  return `apt-get install ${packages.join(' ')}`;
}

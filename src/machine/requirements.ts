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

/** The programs that are missing on the machine: one call, because a remote call can be slow. */
export async function missingPrograms(machine: Machine, programs: readonly Requirement[]): Promise<Requirement[]> {
  const names = programs.map((program) => program.command);
  const { stdout } = await machine.exec(programArgv('missing-programs', ...names));
  const missing = new Set(stdout.split('\n'));
  return programs.filter((program) => missing.has(program.command));
}

/** The kernel modules that are neither loadable nor built in nor loaded. */
export async function missingModules(machine: Machine, modules: readonly string[]): Promise<string[]> {
  const { stdout } = await machine.exec(programArgv('missing-modules', ...modules));
  return stdout.split('\n').filter((name) => name !== '');
}

/** The command line that installs the packages of the missing programs. */
export function installLine(missing: readonly Requirement[]): string {
  const packages = [...new Set(missing.map((requirement) => requirement.debianPackage))].sort();
  return `apt-get install ${packages.join(' ')}`;
}

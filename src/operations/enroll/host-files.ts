import type { Machine, WrittenFile } from '../../machine/machine.ts';
import { programArgv } from '../../machine/program.ts';
import { renderTemplate } from '../../machine/template.ts';
import { mdadmConfLines, withMdadmConfLines } from '../../mirror/md/commands.ts';
import { programsOf } from '../../service/programs.ts';
import { PROGRAM_DIRECTORY, serviceConfiguration, serviceConfigurationPath } from '../../service/service.ts';
import type { OperationContext } from '../../steps/operation-context.ts';

/** All files that enrolment installs on a primary, besides the initiator's records and two lines in mdadm.conf. */
export function primaryFiles({ host, standby }: OperationContext): WrittenFile[] {
  return [
    ...programFiles('primary'),
    { path: serviceConfigurationPath(host.name), content: serviceConfiguration(host, standby, 'primary'), mode: 0o644 },
    {
      path: '/etc/systemd/system/spare-guard.service',
      content: renderTemplate('systemd/spare-guard.service', {}),
      mode: 0o644,
    },
  ];
}

/** The files that the standby needs to start the service of this host. */
export function standbyFiles({ host, standby }: OperationContext): WrittenFile[] {
  return [
    ...programFiles('standby'),
    { path: serviceConfigurationPath(host.name), content: serviceConfiguration(host, standby, 'standby'), mode: 0o644 },
  ];
}

/** How the installation shows in a plan: the programs and their libraries on one line, every other file on its own. */
export function fileCommandLines(files: readonly WrittenFile[]): string[] {
  const isProgram = ({ path }: WrittenFile) => path.startsWith(`${PROGRAM_DIRECTORY}/`);
  const programs = files.filter(isProgram).map(({ path }) => path.slice(PROGRAM_DIRECTORY.length + 1).split('/')[0]);
  return [
    `(write to ${PROGRAM_DIRECTORY}: ${[...new Set(programs)].sort().join(', ')})`,
    ...files.filter((file) => !isProgram(file)).map(({ path }) => `(write ${path})`),
  ];
}

/** The command lines of `ignoreLegsAtBoot`, for a plan. */
export function mdadmConfCommandLines(mirrorUuid: string): string[] {
  return [
    ...mdadmConfLines(mirrorUuid).map((line) => `(mdadm.conf: ${line})`),
    'update-initramfs -u (if it is installed)',
  ];
}

/** Updating the initramfs takes a while: it compresses a whole system. */
const INITRAMFS_TIMEOUT_ms = 600_000;
const MDADM_CONF_PATHS = ['/etc/mdadm/mdadm.conf', '/etc/mdadm.conf'] as const;

/** Keeps udev and the initramfs, which has its own copy of mdadm.conf, from assembling the legs. */
export async function ignoreLegsAtBoot(machine: Machine, mirrorUuid: string): Promise<void> {
  let path: string = MDADM_CONF_PATHS[0];
  let content = await machine.readFile(path);
  if (content === undefined) {
    const other = await machine.readFile(MDADM_CONF_PATHS[1]);
    if (other !== undefined) [path, content] = [MDADM_CONF_PATHS[1], other];
  }
  const wanted = withMdadmConfLines(content ?? '', mirrorUuid);
  if (wanted === undefined) return;
  await machine.writeFile(path, wanted, 0o644);
  await machine.exec(programArgv('refresh-initramfs'), { timeout_ms: INITRAMFS_TIMEOUT_ms });
}

function programFiles(role: 'primary' | 'standby'): WrittenFile[] {
  return programsOf(role).map(({ name, ...program }) => ({ path: `${PROGRAM_DIRECTORY}/${name}`, ...program }));
}

import type { Machine } from '../../machine/machine.ts';
import { quoteForShell as words } from '../../machine/quote.ts';
import type { VolumeContext } from '../../steps/operation-context.ts';
import { type Step, stepOn } from '../../steps/step.ts';

/** Who may write in the root directory of a volume: numeric owner `UID:GID`, and permission bits in octal. */
export interface RootAccess {
  owner: string;
  mode: string;
}

/** What the administrator wants. What is missing stays as it is. */
export type WantedAccess = Partial<RootAccess>;

/**
 * Gives the root directory of the volume to those who are to write there: a new ext4 file system belongs to root, whom the
 * NFS server squashes.
 * @param found Gets what the directory has at the end.
 */
export function rootAccessStep(context: VolumeContext, wanted: WantedAccess, found: RootAccess): Step {
  const { primaryMachine: machine } = context;
  const { mountPoint } = context.volume;
  const changes = [
    ...(wanted.owner === undefined ? [] : [['chown', wanted.owner, mountPoint]]),
    ...(wanted.mode === undefined ? [] : [['chmod', wanted.mode, mountPoint]]),
  ];
  return stepOn(machine)({
    name: 'access',
    title: changes.length > 0 ? `Set who may write in ${mountPoint}` : `See who may write in ${mountPoint}`,
    commandLines: [...changes, statArgv(mountPoint)].map(words),
    async run() {
      for (const change of changes) await machine.exec(change);
      Object.assign(found, await readAccess(machine, mountPoint));
    },
  });
}

/** A sentence for the end of an enrolment. `command` makes a command line for the primary, to be pasted on the standby. */
export function rootAccessText(
  { owner, mode }: RootAccess,
  mountPoint: string,
  exportOptions: string,
  command: (line: string) => string,
): string {
  const is = `${mountPoint} belongs to ${owner} with mode ${mode}`;
  const rootWrites = exportOptions.split(',').includes('no_root_squash');
  const onlyRoot = owner === '0:0' && (Number.parseInt(mode, 8) & 0o022) === 0;
  if (onlyRoot && !rootWrites) {
    return `${is}, and the export squashes root: no client can write yet. To give it to a user, run: ${command(`chown UID:GID ${mountPoint}`)}`;
  }
  if (onlyRoot) return `${is}: of the clients' users, only root can write there.`;
  return `${is}. To change that, run: ${command(`chown UID:GID ${mountPoint}`)}`;
}

function statArgv(mountPoint: string): string[] {
  return ['stat', '--format', '%u:%g %a', mountPoint];
}

async function readAccess(machine: Machine, mountPoint: string): Promise<RootAccess> {
  const { stdout } = await machine.exec(statArgv(mountPoint));
  const [owner = '', mode = ''] = stdout.trim().split(' ');
  return { owner, mode };
}

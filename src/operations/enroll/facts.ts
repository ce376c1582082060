import type { Machine } from '../../machine/machine.ts';
import { programArgv } from '../../machine/program.ts';

/** `is-blank` found data. */
const NOT_BLANK = 3;

/** The facts that enrolment needs about a future primary. */
export interface PrimaryFacts extends FoundFacts {
  /** The first and the last MiB of the device read as zeroes. */
  blank: boolean;
}

/** What the program `primary-facts` finds. */
export interface FoundFacts {
  initiatorName: string | undefined;
  /** The data device, symbolic links resolved; empty if there is no such block device. */
  realPath: string;
  /** A path of the device that is stable across restarts: under /dev/disk/by-id if there is one. */
  stablePath: string;
  size_bytes: number;
  readOnly: boolean;
  /** Contents and users of the device: file systems, partitions, mounts, holders. Empty for a free device. */
  inUse: readonly string[];
  /** The UUID of the array that the device is a leg of. */
  mirrorUuid: string | undefined;
  interfaceExists: boolean;
  /** The source that is mounted at the requested mount point, if any. */
  mountedThere: string | undefined;
  mountPointEmpty: boolean;
  /** Hosts as which this machine is enrolled already. */
  enrolledAs: readonly string[];
  hasUpdateInitramfs: boolean;
}

/** Reads only; changes nothing. */
export async function primaryFacts(
  machine: Machine,
  wanted: { device: string; networkInterface: string; mountPoint: string },
): Promise<PrimaryFacts> {
  const { device, networkInterface, mountPoint } = wanted;
  const { stdout } = await machine.exec(programArgv('primary-facts', device, networkInterface, mountPoint));
  const found = parsePrimaryFacts(stdout, device);
  return { ...found, blank: await isBlank(machine, found) };
}

async function isBlank(machine: Machine, { realPath, size_bytes }: FoundFacts): Promise<boolean> {
  if (realPath === '') return false;
  const argv = programArgv('is-blank', realPath, String(size_bytes));
  const { exitCode } = await machine.exec(argv, { acceptExitCodes: [NOT_BLANK] });
  return exitCode !== NOT_BLANK;
}

export function parsePrimaryFacts(stdout: string, device: string): FoundFacts {
  const lines = stdout.split('\n').flatMap((line) => {
    const separator = line.indexOf('=');
    return separator < 0 ? [] : [[line.slice(0, separator), line.slice(separator + 1)] as const];
  });
  const all = (key: string) => lines.filter(([name, value]) => name === key && value !== '').map(([, value]) => value);
  const one = (key: string) => all(key)[0];
  return {
    initiatorName: one('initiatorName'),
    realPath: one('realPath') ?? '',
    stablePath: one('stablePath') ?? device,
    size_bytes: Number(one('size_bytes') ?? 0),
    readOnly: one('readOnly') === '1',
    inUse: all('inUse'),
    mirrorUuid: one('mirrorUuid'),
    interfaceExists: one('interfaceExists') === 'yes',
    mountedThere: one('mountedThere'),
    mountPointEmpty: one('mountPointEmpty') === 'yes',
    enrolledAs: all('enrolledAs'),
    hasUpdateInitramfs: one('hasUpdateInitramfs') === 'yes',
  };
}

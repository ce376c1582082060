import type { Machine } from '../../machine/machine.ts';
import { programArgv } from '../../machine/program.ts';

export interface LegStatus {
  /** Kernel name: `vdb`, `sda`, `loop0`. */
  name: string;
  /** sysfs `md/dev-…/state`: `in_sync`, `write_mostly`, `faulty`, `spare`, … */
  state: readonly string[];
  /** Whether it is the disk given as the local leg. */
  local: boolean;
  /** Whether it is the disk given as the standby leg: a disk that is neither is not known to be any leg. */
  standby: boolean;
}

/** The state of a running array from sysfs (Documentation/admin-guide/md.rst). */
export interface MirrorStatus {
  /** Kernel name: `md127`. */
  kernelName: string;
  arrayState: string;
  syncAction: string;
  /** 0 to 1, during a resync or comparison. */
  syncFraction: number | undefined;
  syncSpeed_bytes_s: number | undefined;
  mismatchCount_sectors: number;
  /** Chunk size of its write-intent bitmap; `undefined` without one. */
  bitmapChunk_bytes: number | undefined;
  legs: readonly LegStatus[];
}

/** The legs by what they are. A path that leads nowhere finds no leg, rather than the other one. */
export interface LegPaths {
  localLeg: string;
  standbyLeg: string;
}

const NO_PATHS: LegPaths = { localLeg: '/dev/null', standbyLeg: '/dev/null' };

/**
 * The state of the array, or `undefined` if it is not running: one call, because a remote call can be slow.
 * @param paths Of the machine's own disk, and of the LUN.
 */
export async function mirrorStatus(
  machine: Machine,
  device: string,
  { localLeg, standbyLeg }: LegPaths = NO_PATHS,
): Promise<MirrorStatus | undefined> {
  const { stdout } = await machine.exec(programArgv('mirror-status', device, localLeg, standbyLeg));
  return parseMirrorStatus(stdout);
}

export function parseMirrorStatus(stdout: string): MirrorStatus | undefined {
  const values = new Map<string, string>();
  const legs: NamedLeg[] = [];
  for (const line of stdout.split('\n')) {
    const separator = line.indexOf('=');
    if (separator < 0) continue;
    const key = line.slice(0, separator);
    const value = line.slice(separator + 1);
    if (key === 'leg') legs.push(parseLeg(value));
    else values.set(key, value);
  }
  const kernelName = values.get('kernelName');
  if (!kernelName) return undefined;
  const speed_KiB_s = Number.parseInt(values.get('sync_speed') ?? '', 10);
  return {
    kernelName,
    arrayState: values.get('array_state') ?? '',
    syncAction: values.get('sync_action') ?? '',
    syncFraction: parseFraction(values.get('sync_completed') ?? ''),
    syncSpeed_bytes_s: Number.isNaN(speed_KiB_s) ? undefined : speed_KiB_s * 1024,
    mismatchCount_sectors: Number(values.get('mismatch_cnt') ?? 0),
    bitmapChunk_bytes: Number(values.get('bitmap/chunksize')) || undefined,
    legs: legs.map((leg) => ({
      ...leg,
      local: leg.name === values.get('local'),
      standby: leg.name === values.get('standby'),
    })),
  };
}

type NamedLeg = Pick<LegStatus, 'name' | 'state'>;

function parseLeg(text: string): NamedLeg {
  const [name = '', ...state] = text.split(/[ ,]+/);
  return { name, state };
}

/** `none`, `delayed` or `done / all` in sectors. */
function parseFraction(text: string): number | undefined {
  const match = /^(\d+) \/ (\d+)$/.exec(text.trim());
  return match && Number(match[2]) > 0 ? Number(match[1]) / Number(match[2]) : undefined;
}

/** Both legs are in sync. */
export function inSync(status: MirrorStatus | undefined): boolean {
  return status !== undefined && status.legs.filter((leg) => leg.state.includes('in_sync')).length === 2;
}

import { readTakeoverNote } from '../hosts/takeover-note.ts';
import { programArgv } from '../machine/program.ts';
import type { ByteRange } from '../std/byte-range.ts';
import { SpareError } from '../std/errors.ts';
import { retryUntil } from '../std/retry.ts';
import { type VolumeContext, volumeId } from '../steps/operation-context.ts';
import type { Progress } from '../steps/step.ts';
import { standbyLegPath, waitForDeviceArgv } from './initiator.ts';
import { type Bitmap, bitmapSetBitsLines, chunksIn, readLegHead } from './md/bitmap.ts';
import { addArgv, reAddArgv } from './md/commands.ts';
import type { LegPaths, LegStatus, MirrorStatus } from './md/status.ts';
import { readStandbySuperblock } from './md/superblock.ts';
import { runningMirror, waitForCopy } from './resync.ts';

/** How often a resync may lose the standby before a person should look. */
const MOST_DROPS = 3;
/** The initiator logs in again automatically, a few seconds after the target answers. */
const SESSION_BACK_ms = 90_000;

/** How long it may take until a faulty leg can be removed. */
const LET_GO_ms = 30_000;

/** The kernel marks chunk by chunk: a volume of many TiB takes a while. */
const SET_BITS_TIMEOUT_ms = 600_000;

/** The array on the primary. Each leg is recognised by its own disk: the LUN may come back under another name. */
export async function primaryMirror(context: VolumeContext): Promise<MirrorStatus> {
  return runningMirror(context.primaryMachine, context.volume.device, legPaths(context));
}

export function legPaths({ host, volume, standby }: VolumeContext): LegPaths {
  return { localLeg: volume.localLeg, standbyLeg: standbyLegPath(host, volume, standby) };
}

export async function legOf(context: VolumeContext, which: 'local' | 'standby'): Promise<LegStatus | undefined> {
  const { legs } = await primaryMirror(context);
  return legs.find((leg) => leg[which]);
}

/** Sets the standby leg to write-mostly, so that reads use the local leg; needed for an array that was assembled on the standby. */
async function preferLocalReads({ primaryMachine }: VolumeContext, status: MirrorStatus): Promise<void> {
  const leg = status.legs.find((candidate) => candidate.standby);
  if (!leg || leg.state.includes('write_mostly')) return;
  const script = 'echo writemostly >"/sys/block/$1/md/dev-$2/state"';
  await primaryMachine.exec(['sh', '-c', script, 'set-leg-state', status.kernelName, leg.name]);
}

/**
 * Re-adds the local leg to the array that runs on the standby leg alone.
 * Blocks that the primary wrote alone before it died are marked in its own bitmap only. They are marked in the running array's
 * bitmap first, so that the resync overwrites them too: a plain `--re-add` leaves them silently different (seen).
 * If that bitmap cannot be trusted, or nothing tells what the standby leg had lost before it took over, a full resync follows.
 */
export async function returnLocalLeg(context: VolumeContext): Promise<'incremental' | 'full'> {
  const { volume, primaryMachine } = context;
  const { device, localLeg } = volume;
  const status = await primaryMirror(context);
  await preferLocalReads(context, status);
  const lost = await lostBefore(context);
  const bitmap = lost && (await divergentBlocks(context, status));
  if (bitmap) {
    await setBits(context, status.kernelName, bitmap.dirty);
    await setBits(context, status.kernelName, await chunksOf(context, lost, bitmap.chunk_bytes));
    const { exitCode } = await primaryMachine.exec(reAddArgv(device, localLeg), { acceptExitCodes: [1] });
    if (exitCode === 0) {
      await assertLegAccepted(context, 'local');
      return 'incremental';
    }
  }
  await addLocalLegAnew(context);
  return 'full';
}

/**
 * Resyncs the whole local leg from the standby leg, whatever the bitmaps say.
 * @throws SpareError `refused` if the standby leg is not in sync
 */
export async function refillLocalLeg(context: VolumeContext): Promise<void> {
  const { host, volume, primaryMachine, clock } = context;
  const { device, localLeg } = volume;
  const standbyLeg = await legOf(context, 'standby');
  if (!standbyLeg?.state.includes('in_sync') || standbyLeg.state.includes('faulty')) {
    const state = standbyLeg?.state.join(',') ?? 'missing';
    throw new SpareError(
      'refused',
      'STANDBY_LEG_NOT_IN_SYNC',
      `Cannot resync the local leg of ${host.name}: its standby leg is ${state}`,
      { hint: `Wait until the watch has re-added it. To follow it, run: spare status ${host.name}` },
    );
  }
  const leg = await legOf(context, 'local');
  if (leg && !leg.state.includes('faulty')) await primaryMachine.exec(['mdadm', device, '--fail', localLeg]);
  // Busy while a request to it is outstanding.
  const remove = () => primaryMachine.exec(['mdadm', device, '--remove', localLeg]);
  if (leg) await retryUntil(remove, { timeout_ms: LET_GO_ms, pause_ms: 500, clock });
  await addLocalLegAnew(context);
}

async function addLocalLegAnew(context: VolumeContext): Promise<void> {
  const { volume, primaryMachine } = context;
  const { device, localLeg } = volume;
  await primaryMachine.exec(['mdadm', '--zero-superblock', localLeg]);
  await primaryMachine.exec(addArgv(device, localLeg, { writeMostly: false }));
  await assertLegAccepted(context, 'local');
}

/**
 * If the standby had lost writes before it took over, the local leg has newer blocks than the standby served since, and no bitmap
 * marks them.
 * @returns `undefined` where the takeover has left no note.
 */
async function lostBefore(context: VolumeContext): Promise<readonly ByteRange[] | undefined> {
  const { host, volume, ownership } = context;
  return readTakeoverNote(host.name, volume.name, await ownership.read(volumeId(context)))?.lost;
}

async function chunksOf(
  { volume, standbyMachine }: VolumeContext,
  lost: readonly ByteRange[],
  chunk_bytes: number,
): Promise<Bitmap['dirty']> {
  return lost.length === 0
    ? []
    : chunksIn(lost, await readStandbySuperblock(standbyMachine, volume.standbyLeg.path), chunk_bytes);
}

/** The local leg's own bitmap, if it belongs to this array and has the same chunk size. */
async function divergentBlocks(
  { volume, primaryMachine }: VolumeContext,
  status: MirrorStatus,
): Promise<Bitmap | undefined> {
  try {
    const { superblock, bitmap } = await readLegHead(primaryMachine, volume.localLeg);
    const fits = superblock.mirrorUuid === volume.mirrorUuid && bitmap?.chunk_bytes === status.bitmapChunk_bytes;
    return fits ? bitmap : undefined;
  } catch (error) {
    // A new disk has no superblock and gets a full resync. Any other error may be harmful.
    if (error instanceof SpareError && error.code === 'NO_SUPERBLOCK') return undefined;
    throw error;
  }
}

/** Marks chunks for resync. Durable on the array's disks when it returns (md_bitmap_unplug in the kernel's `bitmap_store`). */
export async function setBits({ primaryMachine }: VolumeContext, array: string, dirty: Bitmap['dirty']): Promise<void> {
  const lines = bitmapSetBitsLines(dirty);
  if (lines.length === 0) return;
  const input = `${lines.join('\n')}\n`;
  await primaryMachine.exec(programArgv('set-bits', array), { input, timeout_ms: SET_BITS_TIMEOUT_ms });
}

/**
 * Adds the standby leg: its superblock says that it is being resynced until that is complete.
 * `--add` may leave a leg faulty without any error (if the bitmap is newer than the first write), so its state is checked.
 */
export async function addStandbyLeg(context: VolumeContext): Promise<void> {
  const { host, volume, standby, primaryMachine } = context;
  const path = standbyLegPath(host, volume, standby);
  await primaryMachine.exec(waitForDeviceArgv(path));
  await primaryMachine.exec(addArgv(volume.device, path, { writeMostly: true }));
  await assertLegAccepted(context, 'standby');
}

/**
 * Re-adds a dropped standby leg, with an incremental resync: for the watch, when the session is back.
 * @returns False if no leg was dropped.
 */
export async function remirror(context: VolumeContext): Promise<boolean> {
  const { host, volume, standby, primaryMachine } = context;
  const { device } = volume;
  const { legs } = await primaryMirror(context);
  if (legs.some((leg) => leg.standby && !leg.state.includes('faulty'))) return false;
  const path = standbyLegPath(host, volume, standby);
  await primaryMachine.exec(waitForDeviceArgv(path));
  // After a new login the disk that was dropped may have had another name.
  if (legs.some((leg) => !leg.local && leg.state.includes('faulty')))
    await primaryMachine.exec(['mdadm', device, '--remove', 'failed']);
  const { exitCode } = await primaryMachine.exec(reAddArgv(device, path), { acceptExitCodes: [1] });
  if (exitCode !== 0) {
    await primaryMachine.exec(['mdadm', '--zero-superblock', path]);
    await primaryMachine.exec(addArgv(device, path, { writeMostly: true }));
  }
  await preferLocalReads(context, await assertLegAccepted(context, 'standby'));
  return true;
}

/**
 * Waits for the resync of the standby leg. If the leg is dropped because the standby was away too long, it is re-added, and the
 * resync continues from where the kernel recorded it.
 */
export async function copyToStandby(context: VolumeContext, report: (progress: Progress) => void): Promise<void> {
  for (let drops = 0; ; drops += 1) {
    try {
      return await waitForCopy(context, report);
    } catch (error) {
      const wasDropped = error instanceof SpareError && error.code === 'COPY_FAILED';
      if (!wasDropped || drops === MOST_DROPS) throw error;
      report({ detail: 'the session was lost for a while: re-adding the standby leg' });
      await retryUntil(() => remirror(context), { timeout_ms: SESSION_BACK_ms, pause_ms: 2_000, clock: context.clock });
    }
  }
}

async function assertLegAccepted(context: VolumeContext, which: 'local' | 'standby'): Promise<MirrorStatus> {
  const status = await primaryMirror(context);
  const leg = status.legs.find((candidate) => candidate[which]);
  if (leg && !leg.state.includes('faulty')) return status;
  const { device } = context.volume;
  throw new SpareError(
    'stepFailed',
    'LEG_REFUSED',
    `The kernel did not accept the ${which} leg in ${device}: it is ${leg?.state.join(',') ?? 'missing'}`,
    { hint: `See the kernel log on ${context.host.name}. Run there: journalctl -k` },
  );
}

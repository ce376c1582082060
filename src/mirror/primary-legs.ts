import { readTakeoverDecision } from '../hosts/takeover-decision.ts';
import { SpareError } from '../std/errors.ts';
import { retryUntil } from '../std/retry.ts';
import type { VolumeContext } from '../steps/operation-context.ts';
import type { Progress } from '../steps/step.ts';
import { standbyLegPath, waitForDeviceArgv } from './initiator.ts';
import { type Bitmap, bitmapSetBitsLines, chunksIn, readLegHead } from './md/bitmap.ts';
import { addArgv, reAddArgv } from './md/commands.ts';
import type { LegStatus, MirrorStatus } from './md/status.ts';
import { readStandbySuperblock } from './md/superblock.ts';
import { runningMirror, waitForCopy } from './resync.ts';

/** How often a copy may lose the standby before a person should look. */
const MOST_DROPS = 3;
/** The initiator logs in again by itself, a few seconds after the target answers. */
const SESSION_BACK_ms = 90_000;

/** How long a leg that was made faulty may take until it can be removed. */
const LET_GO_ms = 30_000;

/** The kernel marks chunk by chunk: a whole volume of many TiB takes its time. */
const SET_BITS_TIMEOUT_ms = 600_000;

/** The set as it runs on the primary; which leg is which is told by the local disk, as the LUN may come back under another name. */
export async function primaryMirror({ volume, primaryMachine }: VolumeContext): Promise<MirrorStatus> {
  return runningMirror(primaryMachine, volume.device, volume.localLeg);
}

export async function legOf(context: VolumeContext, which: 'local' | 'standby'): Promise<LegStatus | undefined> {
  const { legs } = await primaryMirror(context);
  return legs.find((leg) => leg.local === (which === 'local'));
}

/** Reads go to the local leg, the standby leg is only written to; says so to a set that was assembled on the standby. */
async function preferLocalReads({ primaryMachine }: VolumeContext, status: MirrorStatus): Promise<void> {
  const leg = status.legs.find((candidate) => !candidate.local);
  if (!leg || leg.state.includes('write_mostly')) return;
  const script = 'echo writemostly >"/sys/block/$1/md/dev-$2/state"';
  await primaryMachine.exec(['sh', '-c', script, 'set-leg-state', status.kernelName, leg.name]);
}

/**
 * Takes the primary's own leg back into the set that runs from the standby leg alone.
 * What the primary wrote by itself before it died is marked in its own bitmap only: those blocks are marked in the running
 * set's bitmap first, so that they are overwritten too. A plain `--re-add` leaves them silently different (seen).
 * Where that bitmap cannot be trusted, everything is copied.
 */
export async function returnLocalLeg(context: VolumeContext): Promise<'incremental' | 'full'> {
  const { volume, primaryMachine } = context;
  const { device, localLeg } = volume;
  const status = await primaryMirror(context);
  await preferLocalReads(context, status);
  const bitmap = await divergentBlocks(context, status);
  if (bitmap) {
    await setBits(context, status.kernelName, bitmap.dirty);
    await setBits(context, status.kernelName, await lostChunks(context, bitmap.chunk_bytes));
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
 * Fills the primary's own leg from the standby leg, from its first block to its last, whatever the bitmaps say.
 * @throws SpareError `refused` where the standby leg is not in sync
 */
export async function refillLocalLeg(context: VolumeContext): Promise<void> {
  const { host, volume, primaryMachine } = context;
  const { device, localLeg } = volume;
  const standbyLeg = await legOf(context, 'standby');
  if (!standbyLeg?.state.includes('in_sync') || standbyLeg.state.includes('faulty')) {
    const state = standbyLeg?.state.join(',') ?? 'missing';
    throw new SpareError(
      'refused',
      'STANDBY_LEG_NOT_IN_SYNC',
      `Cannot fill the disk of ${host.name} from its standby leg, as that is ${state}`,
      { hint: `Wait until the watch has put it back: spare status ${host.name}` },
    );
  }
  const leg = await legOf(context, 'local');
  if (leg && !leg.state.includes('faulty')) await primaryMachine.exec(['mdadm', device, '--fail', localLeg]);
  // Busy as long as a request to it is under way.
  const remove = () => primaryMachine.exec(['mdadm', device, '--remove', localLeg]);
  if (leg) await retryUntil(remove, { timeout_ms: LET_GO_ms, pause_ms: 500 });
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
 * Where the standby had lost writes before it took over, the primary's own disk has newer blocks than what was served since, and no bitmap
 * knows of them.
 */
async function lostChunks(
  { host, volume, standbyMachine }: VolumeContext,
  chunk_bytes: number,
): Promise<Bitmap['dirty']> {
  const lost = readTakeoverDecision(host.name)?.lost ?? [];
  return lost.length === 0
    ? []
    : chunksIn(lost, await readStandbySuperblock(standbyMachine, volume.standbyLeg.path), chunk_bytes);
}

/** The local leg's own bitmap, where it belongs to this set and has the same grain. */
async function divergentBlocks(
  { volume, primaryMachine }: VolumeContext,
  status: MirrorStatus,
): Promise<Bitmap | undefined> {
  try {
    const { superblock, bitmap } = await readLegHead(primaryMachine, volume.localLeg);
    const fits = superblock.mirrorUuid === volume.mirrorUuid && bitmap?.chunk_bytes === status.bitmapChunk_bytes;
    return fits ? bitmap : undefined;
  } catch (error) {
    // A new disk has no superblock: it gets a full copy. Anything else is not known to be harmless.
    if (error instanceof SpareError && error.code === 'NO_SUPERBLOCK') return undefined;
    throw error;
  }
}

/** Marks chunks to be copied. Durable on the disks of the set when it returns (md_bitmap_unplug in the kernel's `bitmap_store`). */
export async function setBits({ primaryMachine }: VolumeContext, array: string, dirty: Bitmap['dirty']): Promise<void> {
  const lines = bitmapSetBitsLines(dirty);
  if (lines.length === 0) return;
  // A line a write: the kernel takes one page at a time.
  const script = 'while read -r line; do printf "%s\\n" "$line" >"/sys/block/$1/md/bitmap_set_bits" || exit 1; done';
  const input = `${lines.join('\n')}\n`;
  await primaryMachine.exec(['sh', '-c', script, 'set-bits', array], { input, timeout_ms: SET_BITS_TIMEOUT_ms });
}

/**
 * Adds the standby leg: it says of itself that it is being filled, until it is full.
 * `--add` may leave a leg faulty without a word from the kernel (where the bitmap is younger than the first write): its state is looked at.
 */
export async function addStandbyLeg(context: VolumeContext): Promise<void> {
  const { host, volume, standby, primaryMachine } = context;
  const path = standbyLegPath(host, volume, standby);
  await primaryMachine.exec(waitForDeviceArgv(path));
  await primaryMachine.exec(addArgv(volume.device, path, { writeMostly: true }));
  await assertLegAccepted(context, 'standby');
}

/**
 * Puts a dropped standby leg back, copying what changed since: for the watch, when the session is there again.
 * @returns False where nothing is dropped.
 */
export async function remirror(context: VolumeContext): Promise<boolean> {
  const { host, volume, standby, primaryMachine } = context;
  const { device } = volume;
  const dropped = await legOf(context, 'standby');
  if (dropped && !dropped.state.includes('faulty')) return false;
  const path = standbyLegPath(host, volume, standby);
  await primaryMachine.exec(waitForDeviceArgv(path));
  if (dropped) await primaryMachine.exec(['mdadm', device, '--remove', 'failed']);
  const { exitCode } = await primaryMachine.exec(reAddArgv(device, path), { acceptExitCodes: [1] });
  if (exitCode !== 0) {
    await primaryMachine.exec(['mdadm', '--zero-superblock', path]);
    await primaryMachine.exec(addArgv(device, path, { writeMostly: true }));
  }
  await preferLocalReads(context, await assertLegAccepted(context, 'standby'));
  return true;
}

/**
 * Waits for the copy to the standby leg. When the standby is lost for so long that the leg is dropped, it is put back, and the copy goes
 * on where the kernel remembers how far it was.
 */
export async function copyToStandby(context: VolumeContext, report: (progress: Progress) => void): Promise<void> {
  const { volume, primaryMachine } = context;
  for (let drops = 0; ; drops += 1) {
    try {
      return await waitForCopy(primaryMachine, volume.device, volume.standbyLeg.size_bytes, report);
    } catch (error) {
      const wasDropped = error instanceof SpareError && error.code === 'COPY_FAILED';
      if (!wasDropped || drops === MOST_DROPS) throw error;
      report({ detail: 'the standby was lost for a while: putting its leg back' });
      await retryUntil(() => remirror(context), { timeout_ms: SESSION_BACK_ms, pause_ms: 2_000 });
    }
  }
}

async function assertLegAccepted(context: VolumeContext, which: 'local' | 'standby'): Promise<MirrorStatus> {
  const status = await primaryMirror(context);
  const leg = status.legs.find((candidate) => candidate.local === (which === 'local'));
  if (leg && !leg.state.includes('faulty')) return status;
  const { device } = context.volume;
  throw new SpareError(
    'stepFailed',
    'LEG_REFUSED',
    `The kernel did not take the ${which} leg into ${device}: it is ${leg?.state.join(',') ?? 'missing'}`,
    { hint: `See the kernel log on ${context.host.name}: journalctl -k` },
  );
}

import { programArgv } from '../machine/program.ts';
import { rangesText } from '../mirror/lost-writes.ts';
import { chunksIn } from '../mirror/md/bitmap.ts';
import { assembleArgv } from '../mirror/md/commands.ts';
import { type MirrorStatus, mirrorStatus } from '../mirror/md/status.ts';
import { type LegSuperblock, readStandbySuperblock, readSuperblock } from '../mirror/md/superblock.ts';
import { legPaths, primaryMirror, setBits } from '../mirror/primary-legs.ts';
import { SpareError } from '../std/errors.ts';
import { retryUntil } from '../std/retry.ts';
import { type VolumeContext, volumeId } from '../steps/operation-context.ts';
import { acceptTarget, volumeTargetStatus } from '../target/client/target-control.ts';

/** The initiator may hold outstanding writes for as long as its replacement_timeout. */
const DROP_ms = 60_000;

/**
 * After a power loss of the standby: marks the lost writes for resync on the primary, then serves the LUN. The array may not even
 * have noticed the outage, and would treat the leg as in sync.
 *
 * If it is killed at any point, it starts again: the target refuses the LUN until the last step, and by then the marks are durable
 * on the primary's disk.
 * @returns False if nothing is lost, or the primary does not have the newer leg.
 */
export async function resyncLostWrites(context: VolumeContext): Promise<boolean> {
  const { host, volume, standbyMachine, primaryMachine } = context;
  if ((await volumeTargetStatus(host.name, volume.name)).lost.length === 0) return false;
  const record = await context.ownership.read(volumeId(context));
  // The standby serves from its leg: what that holds counts.
  if (!record || record.owner === 'standby') return false;
  if (record.owner === 'fill') throw onlyCopy(context);
  const leg = await ownSuperblock(readStandbySuperblock(standbyMachine, volume.standbyLeg.path), volume.mirrorUuid);
  const running = await mirrorStatus(primaryMachine, volume.device, legPaths(context));
  // A leg without a superblock gets a full resync, not a re-add. If no array has it either, there is nothing to do yet.
  if (running || leg) {
    if (running) assertLocalLegWhole(context, running);
    else await assertLocalLegNewest(context, leg as LegSuperblock);
    // The array is about to run on the local leg alone.
    await context.ownership.change(volumeId(context), record.epoch, 'leg-lost');
    const status = running ?? (await startAlone(context));
    assertLocalLegWhole(context, status);
    await dropStandbyLeg(context);
    // From here on no write of this array can reach the leg, so the list of ranges is complete.
    const { lost } = await volumeTargetStatus(host.name, volume.name);
    if (leg) await setBits(context, status.kernelName, chunksIn(lost, leg, bitmapChunkOf(context, status)));
  }
  await acceptTarget(host.name, volume.name);
  await assertAccepted(context);
  return true;
}

/**
 * Both machines lost power: the primary waits for its LUN before it assembles anything, and its bitmap can be marked only while
 * the array runs. So the array is started from the primary's own disk.
 */
async function assertLocalLegNewest(context: VolumeContext, standbyLeg: LegSuperblock): Promise<void> {
  const { volume, primaryMachine } = context;
  const { localLeg, mirrorUuid } = volume;
  const own = await ownSuperblock(readSuperblock(primaryMachine, localLeg), mirrorUuid);
  // A healthy pair may differ by one event at any instant.
  const isWhole = own && own.role !== undefined && !own.beingCopied && !own.badBlocks;
  if (!isWhole || standbyLeg.events > own.events + 1n) throw onlyCopy(context);
}

async function startAlone(context: VolumeContext): Promise<MirrorStatus> {
  const { device, localLeg, mirrorUuid } = context.volume;
  await context.primaryMachine.exec(assembleArgv(device, mirrorUuid, localLeg, { readonly: false }));
  return primaryMirror(context);
}

function assertLocalLegWhole(context: VolumeContext, { legs }: MirrorStatus): void {
  const own = legs.find((leg) => leg.local);
  if (!own?.state.includes('in_sync') || own.state.includes('faulty')) throw onlyCopy(context);
}

function onlyCopy({ host: { name } }: VolumeContext): SpareError {
  return new SpareError(
    'refused',
    'ONLY_COPY_LOST_WRITES',
    `Cannot serve the LUN of ${name}: the standby leg, the only complete copy, has lost writes, and the local leg is not in sync`,
    { hint: `To serve what is on the standby's disk, run: spare failover ${name} --allow-data-loss` },
  );
}

function bitmapChunkOf({ host, volume }: VolumeContext, { bitmapChunk_bytes }: MirrorStatus): number {
  if (bitmapChunk_bytes !== undefined) return bitmapChunk_bytes;
  const { device } = volume;
  throw new SpareError('stepFailed', 'NO_BITMAP', `The array ${device} of ${host.name} has no write-intent bitmap`, {
    hint: `Run on ${host.name}: mdadm --grow --bitmap=internal ${device}`,
  });
}

/** Whatever the array reports about the leg: if nothing was written since, it still looks in sync. */
async function dropStandbyLeg(context: VolumeContext): Promise<void> {
  await retryUntil(
    async () => {
      const { kernelName, legs } = await primaryMirror(context);
      // The local leg is known to be there. Whatever else the array has may be stale, whatever its disk is called by now.
      const leg = legs.find((candidate) => !candidate.local);
      if (leg) await context.primaryMachine.exec(programArgv('drop-leg', kernelName, leg.name));
    },
    { timeout_ms: DROP_ms, pause_ms: 1_000, clock: context.clock },
  );
}

/** The disk may still be failing. */
async function assertAccepted({ host: { name: host }, volume }: VolumeContext): Promise<void> {
  const { lost } = await volumeTargetStatus(host, volume.name);
  if (lost.length === 0) return;
  throw new SpareError(
    'stepFailed',
    'STILL_LOSING',
    `Cannot serve the LUN of ${host}: the standby leg has lost writes again (${rangesText(lost)})`,
    { hint: "The pool's disk may be failing. To check it, run: journalctl -k -u spare-serve" },
  );
}

/** `undefined` if there is none of this array. */
async function ownSuperblock(reading: Promise<LegSuperblock>, mirrorUuid: string): Promise<LegSuperblock | undefined> {
  try {
    const superblock = await reading;
    return superblock.mirrorUuid === mirrorUuid ? superblock : undefined;
  } catch (error) {
    if (error instanceof SpareError && error.code === 'NO_SUPERBLOCK') return undefined;
    throw error;
  }
}

import { stateOf } from '../hosts/host-state.ts';
import { readEvidence } from '../hosts/volume-evidence.ts';
import { programArgv } from '../machine/program.ts';
import { standbyLegInSync } from '../mirror/condition.ts';
import { rangesText } from '../mirror/leg-currency.ts';
import { chunksIn } from '../mirror/md/bitmap.ts';
import { assembleArgv } from '../mirror/md/commands.ts';
import { type MirrorStatus, mirrorStatus } from '../mirror/md/status.ts';
import { type LegSuperblock, readStandbySuperblock, readSuperblock } from '../mirror/md/superblock.ts';
import { primaryMirror, setBits } from '../mirror/primary-legs.ts';
import { bootTimeOf_ms } from '../std/boot-moment.ts';
import { SpareError } from '../std/errors.ts';
import { retryUntil } from '../std/retry.ts';
import type { VolumeContext } from '../steps/operation-context.ts';
import { acceptTarget, volumeTargetStatus } from '../target/client/target-control.ts';

/** The initiator may hold outstanding writes for as long as its replacement_timeout. */
const DROP_ms = 60_000;
/** The primary reports every second. */
const REPORT_ms = 20_000;

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
  if ((await volumeTargetStatus(host.name, volume.name)).lost.length === 0 || isServedElsewhere(host.name))
    return false;
  const leg = await ownSuperblock(readStandbySuperblock(standbyMachine, volume.standbyLeg.path), volume.mirrorUuid);
  const running = await mirrorStatus(primaryMachine, volume.device, volume.localLeg);
  // A leg without a superblock gets a full resync, not a re-add. If no array has it either, there is nothing to do yet.
  if (running || leg) {
    const status = running ?? (await startAlone(context, leg as LegSuperblock));
    assertLocalLegWhole(context, status);
    await dropStandbyLeg(context);
    const droppedAt_ms = context.clock.bootTime_ms();
    // From here on no write of this array can reach the leg, so the list of ranges is complete.
    const { lost } = await volumeTargetStatus(host.name, volume.name);
    if (leg) await setBits(context, status.kernelName, chunksIn(lost, leg, bitmapChunkOf(context, status)));
    await untilReported(context, droppedAt_ms);
  }
  await acceptTarget(host.name, volume.name);
  await assertAccepted(context);
  return true;
}

/** In these states the standby leg is the newer one, and its content counts. */
function isServedElsewhere(host: string): boolean {
  return ['failing-over', 'taken-over', 'failing-back'].includes(stateOf(host));
}

/**
 * Both machines lost power: the primary waits for its LUN before it assembles anything, and its bitmap can be marked only while
 * the array runs. So the array is started from the primary's own disk.
 */
async function startAlone(context: VolumeContext, standbyLeg: LegSuperblock): Promise<MirrorStatus> {
  const { volume, primaryMachine } = context;
  const { device, localLeg, mirrorUuid } = volume;
  const own = await ownSuperblock(readSuperblock(primaryMachine, localLeg), mirrorUuid);
  // A healthy pair may differ by one event at any instant.
  const isWhole = own && own.role !== undefined && !own.beingCopied && !own.badBlocks;
  if (!isWhole || standbyLeg.events > own.events + 1n) throw onlyCopy(context);
  await primaryMachine.exec(assembleArgv(device, mirrorUuid, localLeg, { readonly: false }));
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
      const leg = legs.find((candidate) => !candidate.local);
      if (leg) await context.primaryMachine.exec(programArgv('drop-leg', kernelName, leg.name));
    },
    { timeout_ms: DROP_ms, pause_ms: 1_000, clock: context.clock },
  );
}

/**
 * A failover relies on the last report, which must no longer say that the leg is in sync when the target removes its record. A report
 * from before the leg was dropped does not count: the leg may have been re-added since.
 */
async function untilReported(
  { host: { name: host }, volume, clock }: VolumeContext,
  droppedAt_ms: number,
): Promise<void> {
  await retryUntil(
    async () => {
      const { lastReport } = readEvidence(host, volume.name);
      const isSince = lastReport && bootTimeOf_ms(lastReport.receivedAt, lastReport.received, clock) >= droppedAt_ms;
      if (isSince && !standbyLegInSync(lastReport)) return;
      throw new SpareError(
        'stepFailed',
        'NOT_REPORTED',
        `${host} has dropped the standby leg, but its last report does not show that yet`,
        { hint: 'Reports come through the watch. To check it, run: systemctl status spare-watch' },
      );
    },
    { timeout_ms: REPORT_ms, pause_ms: 50, clock },
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

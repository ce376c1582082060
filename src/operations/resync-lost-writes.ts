import { readEvidence } from '../hosts/host-evidence.ts';
import { stateOf } from '../hosts/host-state.ts';
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
import { acceptTarget, hostTargetStatus } from '../target/client/target-control.ts';

/** The initiator may still have writes in its hands, for as long as its replacement time-out. */
const DROP_ms = 60_000;
/** The primary reports each second. */
const REPORT_ms = 20_000;

/**
 * After a loss of power of the standby: has the primary write again what its leg may have lost, and serves the LUN then. The mirror
 * set may not even have noticed, and would take the leg for whole.
 *
 * Killed anywhere it is done anew: the target goes on refusing the LUN until the last step, and the marks are durable on the
 * primary's disk before that.
 * @returns False where nothing is lost, or it is not the primary that has the newer leg.
 */
export async function resyncLostWrites(context: VolumeContext): Promise<boolean> {
  const { host, volume, standbyMachine, primaryMachine } = context;
  if ((await hostTargetStatus(host.name)).lost.length === 0 || isServedElsewhere(host.name)) return false;
  const leg = await ownSuperblock(readStandbySuperblock(standbyMachine, volume.standbyLeg.path), volume.mirrorUuid);
  const running = await mirrorStatus(primaryMachine, volume.device, volume.localLeg);
  // A leg without a superblock is not taken back but filled; one that no set holds either is nothing yet.
  if (running || leg) {
    const status = running ?? (await startAlone(context, leg as LegSuperblock));
    assertLocalLegWhole(context, status);
    await dropStandbyLeg(context);
    const droppedAt_ms = context.clock.bootTime_ms();
    // From here on nothing of this set can reach the leg: what is marked is complete now.
    const { lost } = await hostTargetStatus(host.name);
    if (leg) await setBits(context, status.kernelName, chunksIn(lost, leg, bitmapChunkOf(context, status)));
    await untilReported(context, droppedAt_ms);
  }
  await acceptTarget(host.name);
  await assertAccepted(host.name);
  return true;
}

/** The standby leg is the newer one there, and what it has is what counts. */
function isServedElsewhere(host: string): boolean {
  return ['failing-over', 'taken-over', 'failing-back'].includes(stateOf(host));
}

/**
 * Both machines have lost their power: the primary waits for its LUN before it assembles anything, and its bitmap can be
 * marked only while the set runs. So it runs from the primary's own disk.
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
    `Cannot serve the LUN of ${name} again as the standby has lost writes to the only whole copy: the disk of ${name} itself is not up to date`,
    { hint: `Start from what the standby has on its disk: spare failover ${name} --allow-data-loss` },
  );
}

function bitmapChunkOf({ host, volume }: VolumeContext, { bitmapChunk_bytes }: MirrorStatus): number {
  if (bitmapChunk_bytes !== undefined) return bitmapChunk_bytes;
  const { device } = volume;
  throw new SpareError(
    'stepFailed',
    'NO_BITMAP',
    `The mirror set ${device} of ${host.name} has no write-intent bitmap`,
    {
      hint: `On ${host.name}: mdadm --grow --bitmap=internal ${device}`,
    },
  );
}

/** Whatever the set thinks of the leg: where nothing was written since, it still looks in sync. */
async function dropStandbyLeg(context: VolumeContext): Promise<void> {
  // By sysfs: the leg's disk may be gone, or hang. It can't be removed before its last request has ended.
  const script =
    's="/sys/block/$1/md/dev-$2/state"; grep -q faulty "$s" || echo faulty >"$s" || exit 1; echo remove >"$s"';
  await retryUntil(
    async () => {
      const { kernelName, legs } = await primaryMirror(context);
      const leg = legs.find((candidate) => !candidate.local);
      if (leg) await context.primaryMachine.exec(['sh', '-c', script, 'drop-leg', kernelName, leg.name]);
    },
    { timeout_ms: DROP_ms, pause_ms: 1_000, clock: context.clock },
  );
}

/**
 * A takeover believes the last report: it must not say any more that the leg is in sync when the target forgets what is lost. One from
 * before the leg was dropped says nothing, whatever it says: the leg may have been taken back since.
 */
async function untilReported({ host: { name: host }, clock }: VolumeContext, droppedAt_ms: number): Promise<void> {
  await retryUntil(
    async () => {
      const { lastReport } = readEvidence(host);
      const isSince = lastReport && bootTimeOf_ms(lastReport.receivedAt, lastReport.received, clock) >= droppedAt_ms;
      if (isSince && !standbyLegInSync(lastReport)) return;
      throw new SpareError(
        'stepFailed',
        'NOT_REPORTED',
        `${host} has dropped the standby leg, and its last report does not say so yet`,
        { hint: 'Reports come through the watch: systemctl status spare-watch' },
      );
    },
    { timeout_ms: REPORT_ms, pause_ms: 50, clock },
  );
}

/** The disk may have failed again, or still. */
async function assertAccepted(host: string): Promise<void> {
  const { lost } = await hostTargetStatus(host);
  if (lost.length === 0) return;
  throw new SpareError(
    'stepFailed',
    'STILL_LOSING',
    `Cannot serve the LUN of ${host} again as its leg may have lost writes still, or again: to ${rangesText(lost)}`,
    { hint: "The disk of the pool may be failing: see 'journalctl -k' and 'journalctl -u spare-serve'" },
  );
}

/** `undefined` where there is none of this mirror set. */
async function ownSuperblock(reading: Promise<LegSuperblock>, mirrorUuid: string): Promise<LegSuperblock | undefined> {
  try {
    const superblock = await reading;
    return superblock.mirrorUuid === mirrorUuid ? superblock : undefined;
  } catch (error) {
    if (error instanceof SpareError && error.code === 'NO_SUPERBLOCK') return undefined;
    throw error;
  }
}

import type { Machine } from '../machine/machine.ts';
import type { OwnershipRecord } from '../ownership/record.ts';
import { SpareError } from '../std/errors.ts';
import { type VolumeContext, volumeId } from '../steps/operation-context.ts';
import type { Progress } from '../steps/step.ts';
import { inSync, type LegPaths, type MirrorStatus, mirrorStatus } from './md/status.ts';

const POLL_ms = 1_000;
/** A resync without progress for this long has failed; on a busy disk it may pause for minutes. */
const STALL_LIMIT_ms = 600_000;

/** Waits until both legs are in sync, and reports progress: fraction, rate and time left. */
export async function waitForCopy(context: VolumeContext, report: (progress: Progress) => void): Promise<void> {
  const { volume, primaryMachine: machine, clock } = context;
  const { device } = volume;
  let movedAt_ms = clock.bootTime_ms();
  let lastFraction = -1;
  for (;;) {
    const status = await runningMirror(machine, device);
    if (inSync(status) && status.syncAction !== 'recover') return;
    const faulty = status.legs.find((leg) => leg.state.includes('faulty'));
    if (faulty || status.legs.length < 2) {
      const what = faulty ? `${faulty.name} became faulty` : 'the array has only one leg';
      throw new SpareError('stepFailed', 'COPY_FAILED', `The resync on ${machine.name} stopped: ${what}`, {
        hint: 'The watch re-adds a dropped standby leg when its session is back. If it does not, see the kernel log there: journalctl -k',
      });
    }
    if (status.syncFraction !== undefined && status.syncFraction !== lastFraction) {
      lastFraction = status.syncFraction;
      movedAt_ms = clock.bootTime_ms();
      report(copyProgress(status, volume.standbyLeg.size_bytes, 'copied'));
    }
    if (clock.bootTime_ms() - movedAt_ms > STALL_LIMIT_ms) throw stalled(machine, 'copy');
    await clock.sleep(POLL_ms);
  }
}

/**
 * Compares both legs block by block (md `check`). A check that loses a leg ends as if it had found nothing, so both legs must be in
 * sync before and after it, with nothing recorded in between that may have come of a lost leg.
 * @returns The number of sectors that differ.
 * @throws SpareError `stepFailed` if it was cut short.
 */
export async function compareLegs(context: VolumeContext, report: (progress: Progress) => void): Promise<number> {
  const { volume, primaryMachine, ownership } = context;
  const before = await ownership.read(volumeId(context));
  const status = await runningMirror(primaryMachine, volume.device);
  if (!inSync(status)) throw cutShort(context);
  const end = await checkToTheEnd(context, status.kernelName, report);
  const after = await ownership.read(volumeId(context));
  if (!inSync(end) || !isUndisturbed(before, after)) throw cutShort(context);
  return end.mismatchCount_sectors;
}

/** Meanwhile the watch may have recorded that the legs are in sync. */
function isUndisturbed(before: OwnershipRecord | undefined, after: OwnershipRecord | undefined): boolean {
  if (!before || !after) return false;
  return after.epoch === before.epoch || (after.epoch === before.epoch + 1 && after.cause === 'in-sync');
}

function cutShort({ host }: VolumeContext): SpareError {
  return new SpareError(
    'stepFailed',
    'COMPARISON_CUT_SHORT',
    `The legs of ${host.name} were not compared to the end: one of them was out of sync, or its session was interrupted`,
    { hint: 'Wait until the mirror is in sync' },
  );
}

async function checkToTheEnd(
  { volume, primaryMachine: machine, clock }: VolumeContext,
  kernelName: string,
  report: (progress: Progress) => void,
): Promise<MirrorStatus> {
  const { device } = volume;
  await machine.exec(['sh', '-c', 'echo check >"/sys/block/$1/md/sync_action"', 'check', kernelName]);
  let movedAt_ms = clock.bootTime_ms();
  let lastFraction = -1;
  for (;;) {
    await clock.sleep(POLL_ms);
    const status = await runningMirror(machine, device);
    if (status.syncAction === 'idle') return status;
    if (status.syncFraction !== undefined && status.syncFraction !== lastFraction) {
      lastFraction = status.syncFraction;
      movedAt_ms = clock.bootTime_ms();
      report(copyProgress(status, volume.standbyLeg.size_bytes, 'compared'));
    }
    if (clock.bootTime_ms() - movedAt_ms > STALL_LIMIT_ms) throw stalled(machine, 'comparison');
  }
}

/** `43 % copied, 52 MB/s, 3 s left`. */
export function copyProgress(status: MirrorStatus, size_bytes: number, verb: string): Progress {
  const fraction = status.syncFraction ?? 0;
  const speed = status.syncSpeed_bytes_s;
  const parts = [`${Math.floor(fraction * 100)} % ${verb}`];
  if (speed) {
    parts.push(`${(speed / 1e6).toFixed(1)} MB/s`, `${Math.ceil(((1 - fraction) * size_bytes) / speed)} s left`);
  }
  return { detail: parts.join(', '), fraction };
}

/** @throws SpareError `precondition` if the array is not running. */
export async function runningMirror(machine: Machine, device: string, paths?: LegPaths): Promise<MirrorStatus> {
  const status = await mirrorStatus(machine, device, paths);
  if (status) return status;
  throw new SpareError('precondition', 'MIRROR_NOT_RUNNING', `The array ${device} is not running on ${machine.name}`, {
    hint: `Run on ${machine.name}: cat /proc/mdstat; systemctl status spare-guard`,
  });
}

function stalled(machine: Machine, what: string): SpareError {
  return new SpareError(
    'stepFailed',
    'COPY_STALLED',
    `The ${what} on ${machine.name} has made no progress for ${STALL_LIMIT_ms / 1000} s`,
    {
      hint: 'See the kernel log there. Run on that machine: journalctl -k',
    },
  );
}

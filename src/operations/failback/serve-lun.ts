import { readTakeoverNote, writeTakeoverNote } from '../../hosts/takeover-note.ts';
import { refuseLossOfOnlyLeg } from '../../mirror/lost-writes.ts';
import { assertLegIsFree } from '../../mirror/standby-leg.ts';
import { SpareError } from '../../std/errors.ts';
import { type VolumeContext, volumeId } from '../../steps/operation-context.ts';
import { type Step, stepOn } from '../../steps/step.ts';
import { acceptTarget, fenceTarget, unfenceTarget, volumeTargetStatus } from '../../target/client/target-control.ts';
import { assertStandbyOwns, ownershipOf } from '../ownership.ts';
import { type FailbackContext, isOnItsWayHome } from './failback-context.ts';

/** The record first, then the LUN: the primary may write to the leg only once the record says so. */
export function serveLunSteps(context: FailbackContext): Step[] {
  return [goneHomeStep(context), unfenceStep(context)];
}

function goneHomeStep(context: FailbackContext): Step {
  const { host, volume, standbyMachine } = context;
  return stepOn(standbyMachine)({
    name: 'gone-home',
    title: `Give the volume ${volume.name} to ${host.name} in its ownership record, after checking that nothing here uses the leg`,
    commandLines: [
      `losetup --associated ${volume.standbyLeg.path}`,
      `(control socket: accept ${host.name})`,
      '(ownership record: fill)',
    ],
    check: () => isOnItsWayHome(context),
    async run() {
      const { epoch } = await assertStandbyOwns(context);
      await assertLegIsFree(context);
      // The LUN has been fenced since the takeover, so these were lost before it, and its note has them.
      await acceptTarget(host.name, volume.name);
      await context.ownership.change(volumeId(context), epoch, 'gone-home');
    },
    undo: () => takeBack(context),
  });
}

/** While the LUN is fenced, and the primary has no address yet: nothing was acknowledged that the leg lacks. */
async function takeBack(context: FailbackContext): Promise<void> {
  const { host, volume, clock } = context;
  const record = await ownershipOf(context);
  if (record.owner !== 'fill') return;
  const { fenced, lost } = await volumeTargetStatus(host.name, volume.name);
  if (!fenced) {
    throw new SpareError('refused', 'LUN_SERVED', `Cannot take ${host.name} back: its LUN is served to it`, {
      hint: `To see the state, run: spare status ${host.name}`,
    });
  }
  refuseLossOfOnlyLeg(host.name, lost);
  const note = readTakeoverNote(host.name, volume.name, record);
  const at = clock.wallTime().toISOString();
  if (note) writeTakeoverNote(host.name, volume.name, { ...note, epoch: record.epoch + 1, at });
  await context.ownership.change(volumeId(context), record.epoch, 'taken-over');
}

function unfenceStep(context: FailbackContext): Step {
  const { host, volume, standbyMachine } = context;
  return stepOn(standbyMachine)({
    name: 'unfence-lun',
    title: `Serve the LUN to ${host.name} again`,
    commandLines: [`(control socket: unfence ${host.name})`],
    async check() {
      const { fenced, lost } = await volumeTargetStatus(host.name, volume.name);
      return !fenced && lost.length === 0;
    },
    async run() {
      await refuseLossSinceGone(context);
      await assertLegIsFree(context);
      await unfenceTarget(host.name);
    },
    undo: () => fenceTarget(host.name),
  });
}

/** @throws SpareError `refused` if the leg has lost writes since the primary may write to it again */
export async function refuseLossSinceGone(context: VolumeContext): Promise<void> {
  const { host, volume } = context;
  if ((await ownershipOf(context)).owner === 'standby') return;
  refuseLossOfOnlyLeg(host.name, (await volumeTargetStatus(host.name, volume.name)).lost);
}

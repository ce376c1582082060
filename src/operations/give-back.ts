import { enter } from '../hosts/host-state.ts';
import { assertLegIsFree, detachLeg, stopMirrorOnStandby } from '../mirror/standby-leg.ts';
import { SpareError } from '../std/errors.ts';
import { type VolumeContext, volumeId } from '../steps/operation-context.ts';
import { hostTargetStatus, unfenceTarget } from '../target/client/target-control.ts';
import { ownershipOf } from './ownership.ts';

// The way back out of a failover, for its rollback and for `--abort`. Each part goes by what is, not by what an earlier part was
// told to do, so that one that fails does not make the next one unsafe.

/** The standby uses the leg no longer. */
export async function releaseLeg(context: VolumeContext): Promise<void> {
  await stopMirrorOnStandby(context);
  await detachLeg(context);
}

/** @throws SpareError `refused` if the standby may have written to the volume, or still uses the leg. */
export async function giveVolumeBack(context: VolumeContext): Promise<void> {
  const { owner, epoch } = await ownershipOf(context);
  if (owner !== 'standby') return;
  await assertLegIsFree(context);
  await context.ownership.change(volumeId(context), epoch, 'takeover-rolled-back');
}

/** @throws SpareError `refused` if the standby owns the volume, or still uses the leg. */
export async function serveLunAgain(context: VolumeContext): Promise<void> {
  await assertNotTaken(context);
  await assertLegIsFree(context);
  await unfenceTarget(context.host.name);
}

/** @throws SpareError `refused` if anything of the failover is left. */
export async function leaveFailover(context: VolumeContext): Promise<void> {
  const { host, clock } = context;
  await assertNotTaken(context);
  if ((await hostTargetStatus(host.name)).fenced) throw notRolledBack(host.name, 'its LUN is still fenced');
  enter(host.name, 'failover-rolled-back', clock);
}

async function assertNotTaken(context: VolumeContext): Promise<void> {
  if ((await ownershipOf(context)).owner === 'standby')
    throw notRolledBack(context.host.name, 'the standby owns the volume');
}

function notRolledBack(host: string, why: string): SpareError {
  return new SpareError('refused', 'NOT_ROLLED_BACK', `Cannot roll back the failover of ${host}: ${why}`, {
    hint: `To see the state, run: spare status ${host}`,
  });
}

import { isOffSince, ownerNow } from '../../ownership/lease.ts';
import { SpareError } from '../../std/errors.ts';
import { type VolumeContext, volumeId } from '../../steps/operation-context.ts';
import { gatherFacts } from './failover-facts.ts';

/**
 * Records that the machine is off, so that the lease no longer runs out, and a failover that is killed now can be resumed.
 * @param offAt_ms When the fence device said so, by the boot clock.
 */
export async function recordProvenOff(context: VolumeContext, offAt_ms: number): Promise<void> {
  const { record, lease } = await gatherFacts(context);
  const isHeardSince = lease.heard === undefined || lease.heard.bootTime_ms > offAt_ms;
  if (ownerNow(record, lease, context.clock) !== 'pair' || record.owner !== 'pair') return;
  if (isHeardSince || isOffSince(record, lease, context.clock)) return;
  await context.ownership.change(volumeId(context), record.epoch, 'proven-off').catch((error) => {
    // Whatever has changed it in the meantime: the next step asks again.
    if (!(error instanceof SpareError && error.code === 'OWNERSHIP_CHANGED')) throw error;
  });
}

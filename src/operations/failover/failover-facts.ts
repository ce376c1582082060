import { type LegCurrency, legCurrency } from '../../mirror/leg-currency.ts';
import type { LeaseFacts } from '../../ownership/lease.ts';
import type { OwnershipRecord } from '../../ownership/record.ts';
import type { VolumeContext } from '../../steps/operation-context.ts';
import type { HostTargetStatus, VolumeTargetStatus } from '../../target/client/control-protocol.ts';
import { leaseFactsOf } from '../../target/client/lease-facts.ts';
import { volumeTargetStatus } from '../../target/client/target-control.ts';
import { ownershipOf } from '../ownership.ts';

/** What a failover decides from: asked once before anything is changed, and once more when the primary can change nothing any longer. */
export interface FailoverFacts {
  record: OwnershipRecord;
  lease: LeaseFacts;
  target: HostTargetStatus & VolumeTargetStatus;
  leg: LegCurrency;
}

export async function gatherFacts(context: VolumeContext): Promise<FailoverFacts> {
  const { host, volume, clock } = context;
  const record = await ownershipOf(context);
  const target = await volumeTargetStatus(host.name, volume.name);
  const lease = leaseFactsOf(target, host, clock);
  return { record, lease, target, leg: legCurrency(record, lease, target.lost, clock) };
}

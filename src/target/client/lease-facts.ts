import type { HostConfiguration } from '../../config/schema.ts';
import type { LeaseFacts } from '../../ownership/lease.ts';
import type { BootMoment } from '../../std/boot-moment.ts';
import type { Clock } from '../../std/clock.ts';
import type { HostTargetStatus } from './control-protocol.ts';

/** What `ownerNow` must know of a host, from the target's status. Without one nothing is known, and the lease counts as over. */
export function leaseFactsOf(
  status: Pick<HostTargetStatus, 'lastPduAt' | 'sessionHeardAt'> | undefined,
  { replacementTimeout_s }: Pick<HostConfiguration, 'replacementTimeout_s'>,
  clock: Clock,
): LeaseFacts {
  return {
    heard: momentOf(status?.lastPduAt ?? null, clock),
    sessionHeard: momentOf(status?.sessionHeardAt ?? null, clock),
    lease_ms: replacementTimeout_s * 1000,
  };
}

/** A time in the target's status. The target is a process of this boot. */
export function momentOf(bootTime_ms: number | null, { bootId }: Clock): BootMoment | undefined {
  return bootTime_ms === null ? undefined : { bootId, bootTime_ms };
}

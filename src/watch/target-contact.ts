import type { LostWrites } from '../mirror/worst-volume.ts';
import type { Clock } from '../std/clock.ts';
import type { VolumeTargetStatus } from '../target/client/control-protocol.ts';
import { momentOf } from '../target/client/lease-facts.ts';
import type { TargetContact } from './pair-proof.ts';
import type { TargetPoller } from './probes/target.ts';

/** Lost writes of a leg, by the target's status. */
export function lostWritesOf(status: VolumeTargetStatus | undefined): LostWrites {
  if (!status) return 'unknown';
  return status.lost.length > 0 ? 'some' : 'none';
}

/** What the target says about a volume and its initiator; `undefined` while it, or the process of the host, does not answer. */
export function contactOf(target: TargetPoller, host: string, volume: string, clock: Clock): TargetContact | undefined {
  const status = target.host(host);
  if (!status?.responding) return undefined;
  const { sessions, lastPduAt, sessionHeardAt, fenced } = status;
  return {
    hasSession: sessions.length > 0,
    heard: momentOf(lastPduAt, clock),
    sessionHeard: momentOf(sessionHeardAt, clock),
    isFenced: fenced,
    lostWrites: lostWritesOf(target.volume(host, volume)),
  };
}

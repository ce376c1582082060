import type { VolumeEvidence } from '../../hosts/host-record.ts';
import { readTakeoverDecision, type TakeoverDecision } from '../../hosts/takeover-decision.ts';
import { readEvidence } from '../../hosts/volume-evidence.ts';
import type { CurrencyFacts } from '../../mirror/leg-currency.ts';
import { undecidedLoss } from '../../mirror/lost-writes.ts';
import type { LegSuperblock } from '../../mirror/md/superblock.ts';
import { bootTimeOf_ms } from '../../std/boot-moment.ts';
import type { VolumeContext } from '../../steps/operation-context.ts';
import type { HostTargetStatus, VolumeTargetStatus } from '../../target/client/control-protocol.ts';
import { volumeTargetStatus } from '../../target/client/target-control.ts';

/** What a failover decides from: asked once before anything is changed, and once more when the primary can change nothing any longer. */
export interface FailoverFacts {
  evidence: VolumeEvidence;
  /** Of an earlier run. */
  decision: TakeoverDecision | undefined;
  target: HostTargetStatus & VolumeTargetStatus;
  /** When that was asked, by the boot clock. */
  askedAt_ms: number;
}

export async function gatherFacts({ host, volume, clock }: VolumeContext): Promise<FailoverFacts> {
  const target = await volumeTargetStatus(host.name, volume.name);
  return {
    target,
    evidence: readEvidence(host.name, volume.name),
    decision: readTakeoverDecision(host.name, volume.name),
    askedAt_ms: clock.bootTime_ms(),
  };
}

/** Whether an earlier run has decided that this leg comes into service, with all that it may lack by now. */
export function isDecided({ decision, target }: FailoverFacts): boolean {
  return decision !== undefined && undecidedLoss(decision, target).length === 0;
}

/**
 * What the currency of the standby leg is decided from.
 * @param offAt_ms When the primary was proven to be off, just now.
 * @param leg The leg's own account, where it has been read.
 */
export function currencyFacts(
  { host, volume, clock }: VolumeContext,
  { evidence, target }: FailoverFacts,
  offAt_ms: number | undefined,
  leg?: LegSuperblock,
): CurrencyFacts {
  const { provenOff } = evidence;
  const report = evidence.lastReport ?? evidence.lastProof;
  const provenOffAt_ms = provenOff && bootTimeOf_ms(provenOff.at, provenOff.moment, clock);
  const offTimes_ms = [offAt_ms, provenOffAt_ms].filter((time) => time !== undefined).filter(Number.isFinite);
  return {
    evidence,
    reportedAt_ms: report && bootTimeOf_ms(report.receivedAt, report.received, clock),
    lastPduAt_ms: target.lastPduAt,
    offAt_ms: offTimes_ms.length > 0 ? Math.min(...offTimes_ms) : undefined,
    replacementTimeout_ms: host.replacementTimeout_s * 1000,
    ...(leg && { leg }),
    mirrorUuid: volume.mirrorUuid,
    lost: target.lost,
  };
}

import { readEvidence } from '../hosts/host-evidence.ts';
import type { Evidence } from '../hosts/leg-evidence.ts';
import { decideEvidence, type EvidenceFacts } from '../mirror/leg-currency.ts';
import { bootTimeOf_ms } from '../std/boot-moment.ts';
import { SpareError } from '../std/errors.ts';
import type { VolumeContext } from '../steps/operation-context.ts';
import { hostTargetStatus } from '../target/client/target-control.ts';
import type { FailoverOptions } from './failover-options.ts';

/** Mirror traffic this recent means that the primary is alive. */
const ALIVE_ms = 3_000;

/** Before anything is changed: could the evidence be good enough if the machine were off by now? */
export async function refuseWithoutPrerequisites(context: VolumeContext, options: FailoverOptions): Promise<void> {
  const { host, clock } = context;
  if (!host.fenceCommand && !options.confirmedOff) {
    throw new SpareError(
      'refused',
      'NOT_PROVEN_OFF',
      `Cannot fail over ${host.name}: it has no fence command, so nothing confirms that its machine is off`,
      {
        hint: `Switch it off, then run: ${commandLine(host.name, { ...options, confirmedOff: true })}`,
      },
    );
  }
  const facts = await evidenceFacts(context, clock.bootTime_ms());
  if (options.confirmedOff && facts.lastPduAt_ms !== null && clock.bootTime_ms() - facts.lastPduAt_ms < ALIVE_ms) {
    throw new SpareError(
      'refused',
      'HOST_ALIVE',
      `Cannot fail over ${host.name}: mirror traffic still arrives, so its machine is not off`,
      {
        hint: 'Switch it off first. Otherwise two machines would serve the same volume (split-brain)',
      },
    );
  }
  refuseUnproven(host.name, decideEvidence(facts), options);
}

/** The facts so far, except the leg's superblock. `offAt_ms` is when the primary was confirmed off, just now. */
export async function evidenceFacts(
  { host, volume, clock }: VolumeContext,
  offAt_ms: number | undefined,
): Promise<Omit<EvidenceFacts, 'leg'>> {
  const target = await hostTargetStatus(host.name);
  const record = readEvidence(host.name);
  const { provenOff } = record;
  const report = record.lastReport ?? record.lastProof;
  const provenOffAt_ms = provenOff && bootTimeOf_ms(provenOff.at, provenOff.moment, clock);
  const offTimes_ms = [offAt_ms, provenOffAt_ms].filter((time) => time !== undefined).filter(Number.isFinite);
  return {
    record,
    reportedAt_ms: report && bootTimeOf_ms(report.receivedAt, report.received, clock),
    lastPduAt_ms: target.lastPduAt,
    offAt_ms: offTimes_ms.length > 0 ? Math.min(...offTimes_ms) : undefined,
    replacementTimeout_ms: host.replacementTimeout_s * 1000,
    mirrorUuid: volume.mirrorUuid,
    lost: target.lost,
  };
}

/**
 * @param switchedOff The fence command has switched the machine off by now; a refusal does not reverse that.
 * @throws SpareError `refused` unless the evidence is good enough for these options.
 */
export function refuseUnproven(host: string, evidence: Evidence, options: FailoverOptions, switchedOff = false): void {
  const reasons = evidence.reasons.join('. ');
  const isOff = switchedOff ? `. ${host} has been switched off; when it is powered on, it serves again` : '';
  if (evidence.verdict === 'unusable') {
    throw new SpareError(
      'refused',
      'LEG_UNUSABLE',
      `Cannot fail over ${host}: the standby leg is not usable. ${reasons}`,
      {
        hint: `Only the local leg has the data: repair the primary${isOff}`,
      },
    );
  }
  if (evidence.verdict === 'unproven' && !options.allowDataLoss) {
    const lost =
      evidence.mayMiss_ms === undefined
        ? evidence.mayMiss_bytes === undefined
          ? 'an unknown amount'
          : 'the last writes before the standby failed'
        : `up to ${(evidence.mayMiss_ms / 1000).toFixed(0)} s of writes`;
    throw new SpareError(
      'refused',
      'LEG_NOT_PROVEN',
      `Cannot fail over ${host}: the standby leg is not proven current, and ${lost} may be missing. ${reasons}`,
      {
        hint: `If you prefer losing that to waiting for the primary, run: ${commandLine(host, { ...options, allowDataLoss: true })}${isOff}`,
      },
    );
  }
}

/** The command to run: a hint without one of the flags would lead to the next refusal. */
function commandLine(host: string, { confirmedOff, allowDataLoss }: FailoverOptions): string {
  return ['spare failover', host, confirmedOff && '--confirmed-off', allowDataLoss && '--allow-data-loss']
    .filter(Boolean)
    .join(' ');
}

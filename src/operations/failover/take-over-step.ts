import { readTakeoverNote, writeTakeoverNote } from '../../hosts/takeover-note.ts';
import { joinRanges } from '../../mirror/lost-writes.ts';
import { ownerNow } from '../../ownership/lease.ts';
import type { OwnershipRecord } from '../../ownership/record.ts';
import { type VolumeContext, volumeId } from '../../steps/operation-context.ts';
import { type Step, stepOn } from '../../steps/step.ts';
import { giveVolumeBack } from '../give-back.ts';
import { type FailoverFacts, gatherFacts } from './failover-facts.ts';
import type { FailoverOptions } from './failover-options.ts';
import { fenceCommandOf, type PowerOff } from './fence-steps.ts';
import { refuseIfHeardSince, refuseUnproven } from './refusals.ts';

/**
 * No write can reach the leg any longer: the record is asked for the volume. If it grants it, the primary has acknowledged nothing
 * that the leg lacks, and never will. All that follows goes on from the record, also after a kill.
 */
export function takeOverStep(context: VolumeContext, options: FailoverOptions, powerOff: PowerOff): Step {
  const { host, volume, standbyMachine } = context;
  return stepOn(standbyMachine)({
    name: 'take-over',
    title: `Take over the volume ${volume.name} of ${host.name} in its ownership record`,
    commandLines: ['(ownership record: standby)'],
    async run(report) {
      const facts = await gatherFacts(context);
      refuseIfHeardSince(context, facts, powerOff.at_ms);
      refuseUnproven(host.name, facts.leg, options, fenceCommandOf(context, options) ? 'switched-off' : 'unknown');
      const record = await lapsedIfOver(context, facts);
      note(context, record, facts);
      await context.ownership.change(
        volumeId(context),
        record.epoch,
        record.owner === 'primary' ? 'taken-over-with-loss' : 'taken-over',
      );
      report({ detail: facts.leg.reasons.join('; ') });
    },
    undo: () => giveVolumeBack(context),
  });
}

/** The target records that a lease is over within a second: it may not have done so yet. */
async function lapsedIfOver(context: VolumeContext, { record, lease }: FailoverFacts): Promise<OwnershipRecord> {
  if (record.owner !== 'pair' || ownerNow(record, lease, context.clock) === 'pair') return record;
  return context.ownership.change(volumeId(context), record.epoch, 'lease-expired');
}

/** Written first: the change of the record gives it its epoch, or another change makes it void. */
function note({ host, volume, clock }: VolumeContext, record: OwnershipRecord, { leg, target }: FailoverFacts): void {
  // If the leg had lost writes before an earlier takeover, the primary's own disk still differs there.
  const before = readTakeoverNote(host.name, volume.name, record)?.lost ?? [];
  writeTakeoverNote(host.name, volume.name, {
    version: 1,
    epoch: record.epoch + 1,
    at: clock.wallTime().toISOString(),
    ...leg,
    lost: joinRanges([...before, ...target.lost]),
  });
}

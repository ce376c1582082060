import { forgetTakeoverDecision, recordTakeoverDecision } from '../../hosts/takeover-decision.ts';
import { decideCurrency } from '../../mirror/leg-currency.ts';
import { joinRanges } from '../../mirror/lost-writes.ts';
import { readStandbySuperblock } from '../../mirror/md/superblock.ts';
import type { VolumeContext } from '../../steps/operation-context.ts';
import { type Step, stepOn } from '../../steps/step.ts';
import { currencyFacts, gatherFacts, isDecided } from './failover-facts.ts';
import type { FailoverOptions } from './failover-options.ts';
import { fenceCommandOf, type PowerOff } from './fence-steps.ts';
import { refuseUnproven } from './refusals.ts';

/** Now that no write can reach the leg: is it current? The answer is recorded, because it cannot be determined again later. */
export function decideStep(context: VolumeContext, options: FailoverOptions, powerOff: PowerOff): Step {
  const { host, volume, standbyMachine: machine, clock } = context;
  return stepOn(machine)({
    name: 'evidence',
    title: 'Decide whether the standby leg holds every acknowledged write',
    commandLines: [`(read the superblock of ${volume.standbyLeg.path}, the last report and the target's record)`],
    check: async () => isDecided(await gatherFacts(context)),
    async run(report) {
      const leg = await readStandbySuperblock(machine, volume.standbyLeg.path);
      const facts = await gatherFacts(context);
      const currency = decideCurrency(currencyFacts(context, facts, powerOff.at_ms, leg));
      refuseUnproven(host.name, currency, options, fenceCommandOf(context, options) !== undefined);
      report({ detail: currency.reasons.join('; ') });
      // If the leg had lost writes before an earlier failover, the primary's own disk still differs there.
      const lost = joinRanges([...(facts.decision?.lost ?? []), ...facts.target.lost]);
      recordTakeoverDecision(host.name, volume.name, {
        decidedAt: clock.wallTime().toISOString(),
        leg: currency,
        dataLossAllowed: options.allowDataLoss,
        ...(lost.length > 0 && { lost }),
      });
    },
    async undo() {
      forgetTakeoverDecision(host.name, volume.name);
    },
  });
}

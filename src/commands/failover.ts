import { Args, Flags } from '@oclif/core';
import { BaseCommand, dryRunFlag } from '../cli/base-command.ts';
import type { Plan } from '../cli/plan-view.ts';
import { chooseFailoverHost } from '../hosts/choose-host.ts';
import type { LegCurrency } from '../hosts/leg-currency.ts';
import { readTakeoverDecision } from '../hosts/takeover-decision.ts';
import { planFailover } from '../operations/failover/failover.ts';
import { volumeContext } from '../steps/operation-context.ts';
import type { OperationReport } from '../steps/operation-report.ts';

/** What `spare failover --json` prints. */
export interface FailoverResult extends OperationReport {
  takeover_s: number;
  /** Why it was allowed. */
  evidence: { verdict: string; reasons: readonly string[] };
}

export default class Failover extends BaseCommand {
  static override summary = 'move the service of a failed primary to the standby';
  static override description =
    'Makes sure that the primary is off, checks the evidence that the standby leg holds every acknowledged write, and starts the service on the standby with the same name and address. Refuses with exit code 4 if the evidence is not sufficient. If it is interrupted, run it again; it resumes where it stopped.';
  static override examples = [
    '<%= config.bin %> failover alpha',
    '<%= config.bin %> failover alpha --confirmed-off',
    '<%= config.bin %> failover alpha --dry-run',
  ];
  static override args = {
    host: Args.string({ description: 'host to fail over [default: the only one that is suspect]' }),
  };
  static override flags = {
    'allow-data-loss': Flags.boolean({
      description: 'continue without evidence that the standby leg holds every acknowledged write',
    }),
    'confirmed-off': Flags.boolean({ description: 'you have switched the machine off: do not run the fence command' }),
    ...dryRunFlag,
  };

  override async run(): Promise<FailoverResult | Plan> {
    const { args, flags } = await this.parse(Failover);
    const host = args.host ?? chooseFailoverHost();
    const context = volumeContext(host, this.clock);
    const operation = await planFailover(context, {
      allowDataLoss: flags['allow-data-loss'],
      confirmedOff: flags['confirmed-off'],
    });
    const outcome = await this.operate(operation, { dryRun: flags['dry-run'] });
    if ('dryRun' in outcome) return outcome;

    const { currency, ...known } = decidedLeg(host, context.volume.name);
    this.log(
      `\nThe standby serves ${host} after ${(outcome.elapsed_ms / 1000).toFixed(1)} s. ${known.reasons.join('. ')}.`,
    );
    this.log(`When the primary is repaired, run: spare failback ${host}`);
    return { ...outcome, takeover_s: outcome.elapsed_ms / 1000, evidence: { verdict: currency, ...known } };
  }
}

function decidedLeg(host: string, volume: string): LegCurrency {
  return readTakeoverDecision(host, volume)?.leg ?? { currency: 'unproven', reasons: [] };
}

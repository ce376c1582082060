import { Args, Flags } from '@oclif/core';
import { BaseCommand, dryRunFlag } from '../cli/base-command.ts';
import type { Plan } from '../cli/plan-view.ts';
import { chooseFailoverHost } from '../hosts/choose-host.ts';
import { readTakeoverDecision } from '../hosts/takeover-decision.ts';
import { planFailover } from '../operations/failover.ts';
import { volumeContext } from '../steps/operation-context.ts';
import type { OperationReport } from '../steps/operation-report.ts';

/** What `spare failover --json` prints. */
export interface FailoverResult extends OperationReport {
  takeover_s: number;
  /** Why it was allowed. */
  evidence: { verdict: string; reasons: readonly string[] };
}

export default class Failover extends BaseCommand {
  static override summary = 'take over the service of a primary';
  static override description =
    'Makes sure that the primary is off, proves that the standby leg holds every acknowledged write, and brings data, name, address and service up on the standby. Refuses, with exit code 4, where that cannot be proven. Can be run again after an interruption.';
  static override examples = [
    '<%= config.bin %> failover alpha',
    '<%= config.bin %> failover alpha --confirmed-off',
    '<%= config.bin %> failover alpha --dry-run',
  ];
  static override args = {
    host: Args.string({ description: 'the host to take over [default: the only one that is suspect]' }),
  };
  static override flags = {
    'allow-data-loss': Flags.boolean({
      description: 'go on although the standby leg is not proven to hold every acknowledged write',
    }),
    'confirmed-off': Flags.boolean({ description: 'you vouch that the machine is off: the fence command is not run' }),
    ...dryRunFlag,
  };

  override async run(): Promise<FailoverResult | Plan> {
    const { args, flags } = await this.parse(Failover);
    const host = args.host ?? chooseFailoverHost();
    const operation = await planFailover(volumeContext(host), {
      allowDataLoss: flags['allow-data-loss'],
      confirmedOff: flags['confirmed-off'],
    });
    const outcome = await this.operate(operation, { dryRun: flags['dry-run'] });
    if ('dryRun' in outcome) return outcome;

    const evidence = readTakeoverDecision(host)?.evidence ?? { verdict: 'unproven', reasons: [] };
    this.log(
      `\nThe standby serves ${host} after ${(outcome.elapsed_ms / 1000).toFixed(1)} s. ${evidence.reasons.join('. ')}.`,
    );
    this.log(`When the machine of ${host} is repaired: spare failback ${host}`);
    return { ...outcome, takeover_s: outcome.elapsed_ms / 1000, evidence };
  }
}

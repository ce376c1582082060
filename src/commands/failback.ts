import { Args, Flags } from '@oclif/core';
import { BaseCommand, dryRunFlag } from '../cli/base-command.ts';
import type { Plan } from '../cli/plan-view.ts';
import { chooseFailbackHost } from '../hosts/choose-host.ts';
import { planFailback } from '../operations/failback/failback.ts';
import type { FailbackMeasurements } from '../operations/failback/failback-context.ts';
import { volumeContext } from '../steps/operation-context.ts';
import type { OperationReport } from '../steps/operation-report.ts';

/** What `spare failback --json` prints. */
export type FailbackResult = OperationReport & FailbackMeasurements;

export default class Failback extends BaseCommand {
  static override summary = 'move the service back to the repaired primary';
  static override description =
    'Moves the service back in seconds. Then resyncs, in the background, only what differs: what was written on the standby since the failover, and what the primary had written alone before it died. Finally compares both legs. If it is interrupted, run it again; it resumes where it stopped, even if the service is back already. After a mirror mismatch, it resyncs the whole local leg from the standby leg and compares again.';
  static override examples = ['<%= config.bin %> failback alpha', '<%= config.bin %> failback alpha --no-verify'];
  static override args = {
    host: Args.string({ description: 'host to fail back [default: the only one that is taken over]' }),
  };
  static override flags = {
    verify: Flags.boolean({
      description: 'compare both legs at the end; reads the whole volume',
      default: true,
      allowNo: true,
    }),
    ...dryRunFlag,
  };

  override async run(): Promise<FailbackResult | Plan> {
    const { args, flags } = await this.parse(Failback);
    const host = args.host ?? chooseFailbackHost();
    const { operation, measurements } = await planFailback(volumeContext(host, this.clock), { verify: flags.verify });
    const outcome = await this.operate(operation, { dryRun: flags['dry-run'] });
    if ('dryRun' in outcome) return outcome;

    const { outage_s, copied_bytes, size_bytes } = measurements;
    const outage = outage_s === undefined ? '' : ` The service was interrupted for ${outage_s.toFixed(1)} s.`;
    const copied = copied_bytes === undefined ? '' : ` ${copied_bytes} of ${size_bytes} bytes were resynced.`;
    this.log(`\n${host} serves again and is protected.${outage}${copied}`);
    return { ...outcome, ...measurements };
  }
}

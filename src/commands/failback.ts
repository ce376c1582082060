import { Args, Flags } from '@oclif/core';
import { BaseCommand, dryRunFlag } from '../cli/base-command.ts';
import type { Plan } from '../cli/plan-view.ts';
import { chooseFailbackHost } from '../hosts/choose-host.ts';
import type { FailbackMeasurements } from '../operations/copy-back.ts';
import { planFailback } from '../operations/failback.ts';
import { volumeContext } from '../steps/operation-context.ts';
import type { OperationReport } from '../steps/operation-report.ts';

/** What `spare failback --json` prints. */
export type FailbackResult = OperationReport & FailbackMeasurements;

export default class Failback extends BaseCommand {
  static override summary = 'give a repaired primary its service back';
  static override description =
    'Moves the service home in seconds and copies only what differs, behind it: what the standby wrote since the takeover, and what the primary had written by itself before it died. Then compares both legs. Can be run again after an interruption, also when the service is home already. Where the legs differed it fills the disk of the primary anew from the standby leg, and compares once more.';
  static override examples = ['<%= config.bin %> failback alpha', '<%= config.bin %> failback alpha --no-verify'];
  static override args = {
    host: Args.string({ description: 'the host to give back [default: the only one that is taken over]' }),
  };
  static override flags = {
    verify: Flags.boolean({
      description: 'compare both legs block by block at the end: reads the whole volume',
      default: true,
      allowNo: true,
    }),
    ...dryRunFlag,
  };

  override async run(): Promise<FailbackResult | Plan> {
    const { args, flags } = await this.parse(Failback);
    const host = args.host ?? chooseFailbackHost();
    const { operation, measurements } = await planFailback(volumeContext(host), { verify: flags.verify });
    const outcome = await this.operate(operation, { dryRun: flags['dry-run'] });
    if ('dryRun' in outcome) return outcome;

    const { outage_s, copied_bytes, size_bytes } = measurements;
    const outage = outage_s === undefined ? '' : ` The service was away for ${outage_s.toFixed(1)} s.`;
    const copied = copied_bytes === undefined ? '' : ` ${copied_bytes} of ${size_bytes} bytes were copied back.`;
    this.log(`\n${host} serves again and is protected.${outage}${copied}`);
    return { ...outcome, ...measurements };
  }
}

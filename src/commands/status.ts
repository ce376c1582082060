import { Args } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.ts';
import { statusText } from '../cli/status-view.ts';
import { gatherStatus } from '../status/gather-status.ts';
import type { StatusReport } from '../status/status-report.ts';
import { EXIT_CODES } from '../std/errors.ts';

export default class Status extends BaseCommand {
  static override summary = 'show every host: its state, its mirror, the last proof, what is wrong and what to do';
  static override description =
    'Nothing is green by default: without a proof of the last seconds it says how old the last one is. Exits with 0 when every host is protected, with 10 when something needs attention.';
  static override examples = ['<%= config.bin %> status', '<%= config.bin %> status alpha --json'];
  static override args = { host: Args.string({ description: 'only this host' }) };

  override async run(): Promise<StatusReport> {
    const { args } = await this.parse(Status);
    const report = await gatherStatus(args.host);
    this.log(statusText(report));
    if (report.attention) process.exitCode = EXIT_CODES.attention.code;
    return report;
  }
}

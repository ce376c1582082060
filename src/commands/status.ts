import { Args } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.ts';
import { statusText } from '../cli/status-view.ts';
import { gatherStatus } from '../status/gather-status.ts';
import type { StatusReport } from '../status/status-report.ts';
import { EXIT_CODES } from '../std/errors.ts';

export default class Status extends BaseCommand {
  static override summary = 'show all hosts: state, mirror, problems, and the command to run next';
  static override description =
    'CONFIRMED shows when both legs were last confirmed in sync: nothing is green by default. Exits with 0 if every host is protected, with 10 if something needs attention.';
  static override examples = ['<%= config.bin %> status', '<%= config.bin %> status alpha --json'];
  static override args = { host: Args.string({ description: 'only this host' }) };

  override async run(): Promise<StatusReport> {
    const { args } = await this.parse(Status);
    const report = await gatherStatus(this.clock, args.host);
    this.log(statusText(report));
    if (report.attention) process.exitCode = EXIT_CODES.attention.code;
    return report;
  }
}

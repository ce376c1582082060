import { Args } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.ts';
import { type PauseReport, pauseHost } from '../operations/pause.ts';

export default class Resume extends BaseCommand {
  static override summary = 'end the pause of a host: the watch acts again';
  static override examples = ['<%= config.bin %> resume alpha'];
  static override args = { host: Args.string({ description: 'the enrolled host', required: true }) };

  override async run(): Promise<PauseReport> {
    const { args } = await this.parse(Resume);
    const report = await pauseHost(args.host, null, this.clock);
    this.log(`The watch acts for ${args.host} again, according to its policy.`);
    return report;
  }
}

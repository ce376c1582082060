import { Args, loadHelpClass } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.ts';
import { findHelp, type HelpResult, helpOverview } from '../cli/find-help.ts';

export default class Help extends BaseCommand {
  static override summary = 'explain a command, or a topic: exit-codes, states, fence-command, json';
  static override examples = ['<%= config.bin %> help enroll', '<%= config.bin %> help exit-codes'];
  static override args = { topic: Args.string({ description: 'a command or a topic [default: lists them]' }) };

  override async run(): Promise<HelpResult> {
    const { args } = await this.parse(Help);
    const result = args.topic === undefined ? helpOverview(this.config) : findHelp(this.config, args.topic);
    if (this.jsonEnabled()) return result;
    if (result.text !== undefined) this.log(result.text);
    else {
      const HelpClass = await loadHelpClass(this.config);
      await new HelpClass(this.config).showHelp(result.command === undefined ? [] : [result.command]);
    }
    return result;
  }
}

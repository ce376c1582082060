import { type Command, Help } from '@oclif/core';
import { HELP_TOPICS } from './help-topics.ts';

/** oclif's help, with the topics that are not commands in the list. */
export default class SpareHelp extends Help {
  protected override formatCommands(commands: Command.Loadable[]): string {
    const rows = Object.entries(HELP_TOPICS).map(([name, { summary }]) => [name, summary] as [string, string]);
    const topics = this.renderList(rows, { indentation: 2, stripAnsi: this.opts.stripAnsi ?? false });
    const how = `Run '${this.config.bin} help NAME' for a command or a topic.`;
    return [super.formatCommands(commands), this.section('TOPICS', topics), how].join('\n\n');
  }
}

import { Flags } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.ts';
import { reportError } from '../cli/report-error.ts';
import { runWatchHere } from '../cli/run-watch-here.ts';

export default class WatchCommand extends BaseCommand {
  // It never ends by itself, so that its JSON is a line an event, not one value.
  static override enableJsonFlag = false;
  static override summary = 'watch every host, and take over what dies';
  static override description =
    'Looks at each host each second by independent paths. A host whose policy is auto is taken over after six misses on all of them. One watch at a time has authority, normally the one that systemd runs; beside it, this is a live view that only looks. q leaves.';
  static override examples = ['<%= config.bin %> watch', '<%= config.bin %> watch --json | jq .'];
  static override flags = {
    json: Flags.boolean({
      description: 'print one line of JSON an event instead of a table [default under systemd]',
    }),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(WatchCommand);
    await runWatchHere(this.interruption, { json: flags.json });
  }

  protected override async catch(error: Error): Promise<void> {
    reportError(error, { json: this.argv.includes('--json') });
  }
}

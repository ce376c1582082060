import { Flags } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.ts';
import { reportError } from '../cli/report-error.ts';
import { runWatchHere } from '../cli/run-watch-here.ts';

export default class WatchCommand extends BaseCommand {
  // It never ends, so its JSON is one line per event, not one value.
  static override enableJsonFlag = false;
  static override summary = 'watch all hosts and fail over those that die';
  static override description =
    'Probes every host each second in four independent ways. A host with the policy auto is failed over after six misses on all probes. Only one watch at a time acts, normally the one run by systemd. Beside it, this command is a live view that changes nothing. Press q to quit.';
  static override examples = ['<%= config.bin %> watch', '<%= config.bin %> watch --json | jq .'];
  static override flags = {
    json: Flags.boolean({
      description: 'print one line of JSON per event instead of a table [default under systemd]',
    }),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(WatchCommand);
    await runWatchHere(this.interruption, { json: flags.json, clock: this.clock });
  }

  protected override async catch(error: Error): Promise<void> {
    reportError(error, { json: this.argv.includes('--json') });
  }
}

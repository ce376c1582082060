import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.ts';
import { pauseFor } from '../hosts/pause.ts';
import { type PauseReport, pauseHost } from '../operations/pause.ts';
import { parseDuration_ms } from '../std/duration.ts';

export default class Pause extends BaseCommand {
  static override summary = 'suspend automatic actions for a host, e.g. while its primary restarts';
  static override description =
    'The watch keeps probing and reporting, but starts no failover and repairs no mirror. The pause ends automatically. spare status shows it.';
  static override examples = ["<%= config.bin %> pause alpha --for 30m --reason 'kernel update'"];
  static override args = { host: Args.string({ description: 'the enrolled host', required: true }) };
  static override flags = {
    for: Flags.string({ description: 'duration: 90s, 30m, 2h, 1d', required: true }),
    reason: Flags.string({ description: 'shown by spare status', default: 'maintenance' }),
  };

  override async run(): Promise<PauseReport> {
    const { args, flags } = await this.parse(Pause);
    const pause = pauseFor(parseDuration_ms(flags.for), flags.reason, this.clock);
    const report = await pauseHost(args.host, pause, this.clock);
    this.log(
      `Automatic actions for ${args.host} are paused until ${pause.until}. To end the pause, run: spare resume ${args.host}`,
    );
    return report;
  }
}

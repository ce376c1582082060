import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.ts';
import { pauseFor } from '../hosts/pause.ts';
import { type PauseReport, pauseHost } from '../operations/pause.ts';
import { systemClock } from '../std/clock.ts';
import { parseDuration_ms } from '../std/duration.ts';

export default class Pause extends BaseCommand {
  static override summary = 'do nothing for a host automatically for a while, e.g. while its machine is restarted';
  static override description =
    'The watch goes on looking and telling, but starts no takeover and repairs no mirror by itself. The pause ends by itself, and every status shows it.';
  static override examples = ["<%= config.bin %> pause alpha --for 30m --reason 'kernel update'"];
  static override args = { host: Args.string({ description: 'the enrolled host', required: true }) };
  static override flags = {
    for: Flags.string({ description: 'how long: 90s, 30m, 2h, 1d', required: true }),
    reason: Flags.string({ description: 'shown in every status', default: 'maintenance' }),
  };

  override async run(): Promise<PauseReport> {
    const { args, flags } = await this.parse(Pause);
    const pause = pauseFor(parseDuration_ms(flags.for), flags.reason, systemClock);
    const report = await pauseHost(args.host, pause);
    this.log(`Nothing is done for ${args.host} by itself until ${pause.until}. 'spare resume ${args.host}' ends that.`);
    return report;
  }
}

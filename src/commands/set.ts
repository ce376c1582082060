import { Args, Flags } from '@oclif/core';
import { BaseCommand, dryRunFlag } from '../cli/base-command.ts';
import type { Plan } from '../cli/plan-view.ts';
import { changesText, type ShownSettings, settingsText, shownSettings } from '../cli/settings-view.ts';
import { readHostConfiguration } from '../config/configuration.ts';
import { type HostSettings, settingsOf } from '../operations/host-settings.ts';
import { planSet } from '../operations/set/set.ts';
import { namesIn, SETTING_FLAGS } from '../operations/set/setting-changes.ts';
import { volumeContext } from '../steps/operation-context.ts';
import type { OperationReport } from '../steps/operation-report.ts';

interface Changed {
  before: ShownSettings;
  after: ShownSettings;
  /** What waits for the next start of the NFS server. */
  atNextStart: (keyof HostSettings)[];
}
/** What `spare set --json` prints: without a change the settings, otherwise the report or the plan. */
export type SetResult = ({ host: string } & ShownSettings) | (Changed & (OperationReport | Plan));

export default class SetHost extends BaseCommand {
  static override summary = "show a host's settings, or change them on both machines";
  static override description =
    'Without a flag it prints the current settings. Clients and export options change while the NFS server goes on; clients that are no longer listed lose access. A lease takes effect when the NFS server starts next: at a failover, a failback or a reboot. While the standby serves the host, only the policy and the fence command can be changed. If it is interrupted, run it again; it resumes where it stopped.';
  static override examples = [
    '<%= config.bin %> set alpha',
    '<%= config.bin %> set alpha --clients 10.77.0.0/16 --dry-run',
    '<%= config.bin %> set alpha --policy auto --fence-command \'/usr/local/sbin/power-off-alpha "$1"\'',
  ];
  static override args = { host: Args.string({ description: 'the enrolled host', required: true }) };
  static override flags = {
    policy: Flags.option({
      options: ['auto', 'manual'] as const,
      description: 'who starts a failover: the watch (auto) or a person (manual)',
    })(),
    'fence-command': Flags.string({
      description: "switches the machine off; see 'spare help fence-command'. An empty one removes it",
    }),
    clients: Flags.string({ description: 'clients that may mount, as in exports(5)' }),
    'export-options': Flags.string({ description: 'options as in exports(5)' }),
    lease: Flags.integer({ description: 'NFSv4 lease and grace period, seconds' }),
    'replacement-timeout': Flags.integer({ description: 'seconds that writes wait for a lost standby' }),
    ...dryRunFlag,
  };

  override async run(): Promise<SetResult> {
    const { args, flags } = await this.parse(SetHost);
    const changes = {
      policy: flags.policy,
      fenceCommand: flags['fence-command'],
      clients: flags.clients,
      exportOptions: flags['export-options'],
      lease_s: flags.lease,
      replacementTimeout_s: flags['replacement-timeout'],
    };
    if (namesIn(changes).length === 0) return this.#show(args.host);
    const plan = await planSet(volumeContext(args.host, this.clock), changes);
    const [before, after] = [shownSettings(plan.before), shownSettings(plan.after)];
    this.log(changesText(before, after));
    const { atNextStart, operation } = plan;
    if (atNextStart.length > 0) {
      const waiting = atNextStart.map((name) => SETTING_FLAGS[name]).join(', ');
      this.log(`Takes effect only when the NFS server starts next (failover, failback or reboot): ${waiting}`);
    }
    this.log('');
    const outcome = await this.operate(operation, { dryRun: flags['dry-run'] });
    return { before, after, atNextStart, ...outcome };
  }

  #show(host: string): SetResult {
    const settings = shownSettings(settingsOf(readHostConfiguration(host)));
    this.log(settingsText(settings));
    return { host, ...settings };
  }
}

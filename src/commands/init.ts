import { readFileSync } from 'node:fs';
import { Flags } from '@oclif/core';
import { BaseCommand, dryRunFlag } from '../cli/base-command.ts';
import type { Plan } from '../cli/plan-view.ts';
import { isInitialised, readConfiguration } from '../config/configuration.ts';
import { machines } from '../machine/machines.ts';
import { planInit } from '../operations/init/init.ts';
import { checkStandby, ipv4Interfaces, standbyConfiguration } from '../operations/init/standby-options.ts';
import { assertLooked } from '../watch/first-look.ts';

/** What `spare init --json` prints. */
export interface InitResult {
  portal: string;
  iqnPrefix: string;
  poolDirectory: string;
  networkInterface: string;
  /** To be added to root's `authorized_keys` on every primary. */
  publicKey: string;
}

export default class Init extends BaseCommand {
  static override summary = 'make this machine the standby';
  static override description =
    'Creates the pool, the configuration and an SSH key. Installs and starts the systemd units of the target and the watch. You can run it again, for example after an update: existing files are kept, and omitted options keep their values.';
  static override examples = ['<%= config.bin %> init --portal 10.77.0.10 --interface eth0'];
  static override flags = {
    portal: Flags.string({
      description: 'address[:port] of this machine for the iSCSI target [default: its only address, port 3260]',
    }),
    interface: Flags.string({
      description: 'network interface for service addresses after a failover [default: the one with the portal]',
    }),
    pool: Flags.string({ description: 'directory for the standby legs [default: /var/lib/spare/pool]' }),
    name: Flags.string({ description: "the standby's name [default: its hostname]" }),
    'iqn-prefix': Flags.string({
      description: 'prefix of the iSCSI names PREFIX:HOST [default: iqn.2026-11.net.spare:NAME]',
    }),
    ...dryRunFlag,
  };

  override async run(): Promise<InitResult | Plan> {
    const { flags } = await this.parse(Init);
    const machine = machines.standby();
    const standby = standbyConfiguration(
      {
        ...(flags.name && { name: flags.name }),
        ...(flags.portal && { portal: flags.portal }),
        ...(flags.interface && { networkInterface: flags.interface }),
        ...(flags.pool && { poolDirectory: flags.pool }),
        ...(flags['iqn-prefix'] && { iqnPrefix: flags['iqn-prefix'] }),
      },
      ipv4Interfaces(),
      isInitialised() ? readConfiguration().standby : undefined,
    );
    await checkStandby(machine, standby);
    const { clock } = this;
    const assertWatchLooked = (since_ms: number) => assertLooked(since_ms, clock);
    const outcome = await this.operate(planInit(standby, machine, { clock, assertWatchLooked }), {
      dryRun: flags['dry-run'],
    });
    if ('dryRun' in outcome) return outcome;

    const publicKey = readFileSync(`${standby.sshKey}.pub`, 'utf8').trim();
    const portal = `${standby.portal.address}:${standby.portal.port}`;
    this.log(`\nThis machine is now the standby. Its target accepts connections on ${portal}.`);
    this.log(`Next, add this line to /root/.ssh/authorized_keys on each file server:\n\n${publicKey}\n`);
    this.log('Then enrol each of them. Run: spare enroll --help');
    return {
      portal,
      iqnPrefix: standby.iqnPrefix,
      poolDirectory: standby.poolDirectory,
      networkInterface: standby.networkInterface,
      publicKey,
    };
  }
}

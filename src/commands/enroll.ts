import { Args, Flags } from '@oclif/core';
import { terminalAsk } from '../cli/ask.ts';
import { BaseCommand, dryRunFlag } from '../cli/base-command.ts';
import type { Plan } from '../cli/plan-view.ts';
import { sshCommandLine } from '../machine/ssh-machine.ts';
import { planEnroll } from '../operations/enroll/enroll.ts';
import { type EnrollOptions, parseSshTarget } from '../operations/enroll/enroll-options.ts';
import { prepareEnrollment } from '../operations/enroll/prepare-enrollment.ts';
import { type RootAccess, rootAccessText } from '../operations/enroll/root-access.ts';
import type { OperationReport } from '../steps/operation-report.ts';

/** What `spare enroll --json` prints. */
export interface EnrollResult extends OperationReport {
  serviceAddress: string;
  export: string;
  iqn: string;
  mirrorUuid: string;
  /** Of the volume's root directory: who may write there. */
  access: RootAccess;
}

export default class Enroll extends BaseCommand {
  static override summary = 'protect a file server: make it a primary';
  static override description =
    'Checks the machine before it changes anything. Creates the array over the device (which must be empty) and a LUN of this standby, the file system, the mount, the NFS export at a floating service address, and the guard that keeps a replaced primary passive. Then runs the initial resync. If it is interrupted, run it again; it resumes where it stopped.';
  static override examples = [
    '<%= config.bin %> enroll alpha --ssh root@10.77.0.11 --device /dev/vdb --mount /srv/alpha --service-address 10.77.0.101/24 --interface eth0 --clients 10.77.0.0/24',
  ];
  static override args = {
    host: Args.string({ description: 'name of the host: lowercase letters, digits, hyphens', required: true }),
  };
  static override flags = {
    ssh: Flags.string({ description: 'user@address[:port] of the machine', required: true }),
    device: Flags.string({ description: 'empty block device on that machine, for the volume', required: true }),
    mount: Flags.string({ description: 'where the volume is mounted and exported [default: /srv/HOST]' }),
    'service-address': Flags.string({ description: 'floating service address (CIDR)', required: true }),
    interface: Flags.string({
      description: "the machine's network interface for the service address",
      default: 'eth0',
    }),
    clients: Flags.string({ description: 'clients that may mount, as in exports(5)', required: true }),
    'export-options': Flags.string({ description: 'options as in exports(5)', default: 'rw,sync,no_subtree_check' }),
    policy: Flags.option({
      options: ['auto', 'manual'] as const,
      description: 'who starts a failover: the watch (auto) or a person (manual)',
      default: 'manual',
    })(),
    'fence-command': Flags.string({
      description: "switches the machine off; run by sh -c with SPARE_HOST set and 'off' or 'status' as $1",
    }),
    'replacement-timeout': Flags.integer({
      description: 'lease: seconds that writes wait for a lost standby',
      default: 12,
    }),
    lease: Flags.integer({ description: 'NFSv4 lease and grace period, seconds', default: 10 }),
    owner: Flags.string({
      description: "UID[:GID] that is to own the volume's root directory [default: it belongs to root]",
    }),
    mode: Flags.string({ description: "permissions of the volume's root directory, in octal [default: 755]" }),
    'discard-data': Flags.boolean({
      description: 'take a device that contains data, if it has no file system or partitions: the data is lost',
    }),
    'host-key': Flags.string({
      description: "fingerprint of the machine's SSH host key, 'SHA256:…'",
      exclusive: ['accept-host-key'],
    }),
    'accept-host-key': Flags.boolean({ description: 'accept the SSH host key that the machine presents' }),
    wait: Flags.boolean({ description: 'wait for the initial resync', default: true, allowNo: true }),
    ...dryRunFlag,
  };

  override async run(): Promise<EnrollResult | Plan> {
    const { args, flags } = await this.parse(Enroll);
    const options: EnrollOptions = {
      host: args.host,
      ssh: parseSshTarget(flags.ssh),
      device: flags.device,
      mountPoint: flags.mount ?? `/srv/${args.host}`,
      serviceAddress: flags['service-address'],
      networkInterface: flags.interface,
      clients: flags.clients,
      exportOptions: flags['export-options'],
      policy: flags.policy,
      ...(flags['fence-command'] !== undefined && { fenceCommand: flags['fence-command'] }),
      replacementTimeout_s: flags['replacement-timeout'],
      lease_s: flags.lease,
      access: {
        ...(flags.owner !== undefined && { owner: flags.owner }),
        ...(flags.mode !== undefined && { mode: flags.mode }),
      },
      discardData: flags['discard-data'],
    };
    const trust = {
      fingerprint: flags['host-key'],
      accept: flags['accept-host-key'],
      ask: terminalAsk({ json: this.jsonEnabled() }),
    };
    const { context, hostKey } = await prepareEnrollment(options, trust, this.clock);
    const { operation, access } = planEnroll(context, { hostKey, wait: flags.wait, access: options.access });
    const outcome = await this.operate(operation, { dryRun: flags['dry-run'] });
    if ('dryRun' in outcome) return outcome;
    const { host, volume } = context;
    const address = host.service.address.replace(/\/.*/, '');
    this.log(
      `\n${host.name} serves ${address}:${volume.mountPoint}${flags.wait ? ' and is protected' : '; the initial resync is running'}.`,
    );
    const onHost = (line: string) => sshCommandLine(host, context.standby, line);
    this.log(rootAccessText(access, volume.mountPoint, volume.nfs.exportOptions, onHost));
    return {
      ...outcome,
      serviceAddress: host.service.address,
      export: `${address}:${volume.mountPoint}`,
      iqn: host.target.iqn,
      mirrorUuid: volume.mirrorUuid,
      access,
    };
  }
}

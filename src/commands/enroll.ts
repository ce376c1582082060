import { createInterface } from 'node:readline/promises';
import { Args, Flags } from '@oclif/core';
import { BaseCommand, dryRunFlag } from '../cli/base-command.ts';
import type { Plan } from '../cli/plan-view.ts';
import { type HostKey, scanHostKey } from '../machine/host-key.ts';
import { planEnroll } from '../operations/enroll/enroll.ts';
import { checkEnrollOptions, type EnrollOptions, parseSshTarget } from '../operations/enroll/enroll-options.ts';
import { prepareEnrollment } from '../operations/enroll/prepare-enrollment.ts';
import { SpareError } from '../std/errors.ts';
import type { OperationReport } from '../steps/runner.ts';

/** What `spare enroll --json` prints. */
export interface EnrollResult extends OperationReport {
  serviceAddress: string;
  export: string;
  iqn: string;
  mirrorUuid: string;
}

export default class Enroll extends BaseCommand {
  static override summary = 'make a machine a protected primary';
  static override description =
    'Checks the machine, makes the mirror set on the device (which must be empty) and a LUN of this standby, a file system, the mount, the NFS export at an address of its own, and the guard that keeps a replaced primary passive. Then copies everything to the standby. Refuses before anything is changed; can be run again after an interruption.';
  static override examples = [
    '<%= config.bin %> enroll alpha --ssh root@10.77.0.11 --device /dev/vdb --mount /srv/alpha --service-address 10.77.0.101/24 --interface eth0 --clients 10.77.0.0/24',
  ];
  static override args = {
    host: Args.string({ description: 'name of the host: small letters, digits, hyphens', required: true }),
  };
  static override flags = {
    ssh: Flags.string({ description: 'user@address[:port] of the machine', required: true }),
    device: Flags.string({ description: 'its empty block device to be mirrored', required: true }),
    mount: Flags.string({ description: 'where the volume is mounted and exported [default: /srv/HOST]' }),
    'service-address': Flags.string({ description: 'address/prefix that clients use, and that moves', required: true }),
    interface: Flags.string({ description: "the machine's interface that carries it", default: 'eth0' }),
    clients: Flags.string({ description: 'who may mount: exports(5)', required: true }),
    'export-options': Flags.string({ description: 'exports(5)', default: 'rw,sync,no_subtree_check' }),
    policy: Flags.option({
      options: ['auto', 'manual'] as const,
      description: 'who starts a takeover: the watch, or a person',
      default: 'manual',
    })(),
    'fence-command': Flags.string({
      description: "run by sh -c with SPARE_HOST and 'off' or 'status' as $1: turns the machine off",
    }),
    'replacement-timeout': Flags.integer({
      description: 'seconds that writes wait for a lost standby: the lease',
      default: 12,
    }),
    lease: Flags.integer({ description: 'NFSv4 lease and grace, seconds', default: 10 }),
    'host-key': Flags.string({
      description: "fingerprint of its SSH host key, 'SHA256:…'",
      exclusive: ['accept-host-key'],
    }),
    'accept-host-key': Flags.boolean({ description: 'take whatever SSH host key it shows now' }),
    wait: Flags.boolean({ description: 'wait for the first copy', default: true, allowNo: true }),
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
    };
    checkEnrollOptions(options);
    const hostKey = await scanHostKey(options.ssh.address, options.ssh.port);
    await this.#confirmHostKey(args.host, hostKey, flags['host-key'], flags['accept-host-key']);

    const context = await prepareEnrollment(options, hostKey);
    const outcome = await this.operate(planEnroll(context, { hostKey, wait: flags.wait }), {
      dryRun: flags['dry-run'],
    });
    if ('dryRun' in outcome) return outcome;
    const { host } = context;
    const address = host.service.address.replace(/\/.*/, '');
    this.log(
      `\n${host.name} serves ${address}:${host.volume.mountPoint}${flags.wait ? ' and is protected' : ', the copy to the standby is under way'}.`,
    );
    return {
      ...outcome,
      serviceAddress: host.service.address,
      export: `${address}:${host.volume.mountPoint}`,
      iqn: host.target.iqn,
      mirrorUuid: host.volume.mirrorUuid,
    };
  }

  async #confirmHostKey(host: string, key: HostKey, wanted: string | undefined, accept: boolean): Promise<void> {
    if (wanted === key.fingerprint || (accept && wanted === undefined)) return;
    if (wanted !== undefined) {
      throw new SpareError(
        'refused',
        'WRONG_HOST_KEY',
        `Cannot trust ${host} as its SSH host key is ${key.fingerprint}, wanted is ${wanted}`,
        {
          hint: 'Another machine may answer at that address: compare on its console with ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub',
        },
      );
    }
    if (process.stdin.isTTY && !this.jsonEnabled()) {
      const terminal = createInterface({ input: process.stdin, output: process.stderr });
      const answer = await terminal.question(
        `The SSH host key of ${host} is ${key.type} ${key.fingerprint}. Is it the right one? [y/N] `,
      );
      terminal.close();
      if (/^y(es)?$/i.test(answer.trim())) return;
    }
    throw new SpareError(
      'usage',
      'HOST_KEY_UNCONFIRMED',
      `Cannot log in to ${host} before its SSH host key is confirmed: it shows ${key.fingerprint}`,
      {
        hint: `Compare it on its console (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), then add --host-key ${key.fingerprint}`,
      },
    );
  }
}

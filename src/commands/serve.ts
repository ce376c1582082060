import { Flags } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.ts';
import { runServedFile } from '../target/run-served-file.ts';
import { runTargetDaemon } from '../target/run-target-daemon.ts';
import { serveFileOptions } from '../target/serve-file-options.ts';

/** What `spare serve --json` prints, on one line, as soon as connections are accepted. */
export type ServeReady = { portal: string; iqn: string; lun: number } | { portal: string; pid: number };

const onlyWithFile = { dependsOn: ['file'] };
/** A portal that redirects serves nothing. */
const onlyWithDisk = { ...onlyWithFile, exclusive: ['redirect'] };

export default class Serve extends BaseCommand {
  static override summary = 'run the iSCSI target';
  static override description =
    'Without --file: runs as a daemon and serves the configured hosts, like spare-serve.service. With --file: serves one file without configuration, for evaluation and tests. Runs until SIGTERM or Ctrl-C, then flushes everything and ends.';
  static override examples = [
    '<%= config.bin %> serve',
    '<%= config.bin %> serve --file disk.img --portal 127.0.0.1:3261 --no-auth --json',
  ];
  static override flags = {
    file: Flags.string({ description: 'serve only this file or block device' }),
    portal: Flags.string({ description: 'address:port to listen on [default: 127.0.0.1:3260]', ...onlyWithFile }),
    'no-auth': Flags.boolean({
      description: 'accept every initiator; on loopback addresses only',
      exclusive: ['chap-user', 'chap-secret-file'],
      ...onlyWithFile,
    }),
    'chap-user': Flags.string({
      description: 'user name for initiators',
      dependsOn: ['file', 'chap-secret-file'],
    }),
    'chap-secret-file': Flags.string({
      description: 'file with the secret for initiators',
      dependsOn: ['file', 'chap-user'],
    }),
    'block-size': Flags.option({
      description: 'logical block size in bytes [default: 512]',
      options: ['512', '4096'] as const,
      ...onlyWithDisk,
    })(),
    'physical-block-size': Flags.integer({
      description: 'physical block size in bytes [default: 4096]',
      min: 512,
      max: 65_536,
      ...onlyWithDisk,
    }),
    thin: Flags.boolean({
      description: 'offer UNMAP [default: if the file system can punch holes]',
      allowNo: true,
      ...onlyWithDisk,
    }),
    'read-only': Flags.boolean({ description: 'refuse writes', ...onlyWithDisk }),
    removable: Flags.boolean({ description: 'present a medium that can be ejected', ...onlyWithDisk }),
    redirect: Flags.string({
      description:
        'address:port to which initiators are redirected after authentication; nothing is served here, and only the name of the file is used',
      ...onlyWithFile,
    }),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Serve);
    const { signal } = this.interruption;
    if (flags.file === undefined) {
      await runTargetDaemon(signal, this.clock, (portal) =>
        this.#ready({ portal, pid: process.pid }, `Accepting connections on ${portal}`),
      );
      return;
    }
    const options = serveFileOptions({
      path: flags.file,
      portal: flags.portal,
      noAuthentication: flags['no-auth'],
      chapUser: flags['chap-user'],
      chapSecretFile: flags['chap-secret-file'],
      blockSize: flags['block-size'],
      physicalBlockSize_bytes: flags['physical-block-size'],
      thin: flags.thin,
      readOnly: flags['read-only'],
      removable: flags.removable,
      redirect: flags.redirect,
    });
    await runServedFile({ ...options, clock: this.clock }, signal, ({ portal, iqn, lun }) => {
      const url = `iscsi://${portal}/${iqn}/${lun}`;
      const text = options.redirect
        ? `Redirecting initiators of ${url} to ${options.redirect}`
        : `Serving ${options.path} as ${url}`;
      this.#ready({ portal, iqn, lun }, text);
    });
  }

  /** The line is printed when it is true; there is nothing more to say at the end. */
  override logJson(): void {}

  #ready(ready: ServeReady, text: string): void {
    process.stdout.write(`${this.jsonEnabled() ? JSON.stringify(ready) : text}\n`);
  }
}

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { paths } from '../config/paths.ts';
import type { HostConfiguration, StandbyConfiguration } from '../config/schema.ts';
import { SpareError } from '../std/errors.ts';
import { converse, execLocal } from './exec.ts';
import { NO_SUCH_FILE, readFileArgv, writeFileArgv, writeFilesArgv, writeFilesInput } from './file-commands.ts';
import type { Conversation, ExecOptions, ExecResult, Machine, WrittenFile } from './machine.ts';
import { shownCommand } from './program.ts';
import { quoteForShell } from './quote.ts';

/** ssh(1): exit code of its own failures, such as no connection or a wrong host key. */
const SSH_FAILED = 255;
/** Debian's sshd gives users other than root a path without the administration programs. */
const REMOTE_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface SshTarget {
  address: string;
  port: number;
  user: string;
}

/** A primary, over the system's OpenSSH. Connections are shared between commands, so that a command costs one round trip. */
export class SshMachine implements Machine {
  readonly name: string;
  readonly #target: SshTarget;
  readonly #standby: Pick<StandbyConfiguration, 'sshKey' | 'knownHosts'>;

  constructor(name: string, target: SshTarget, standby: Pick<StandbyConfiguration, 'sshKey' | 'knownHosts'>) {
    this.name = name;
    this.#target = target;
    this.#standby = standby;
  }

  /** The machine of an enrolled host. */
  static of(host: HostConfiguration, standby: StandbyConfiguration): SshMachine {
    return new SshMachine(host.name, host.ssh, standby);
  }

  /**
   * Runs `argv` there, as root (through sudo(8) for any other user).
   * @throws SpareError `unreachable` (`SSH_FAILED`) if ssh itself fails; otherwise like `execLocal`.
   */
  async exec(argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    const shownAs = shownCommand(argv);
    const acceptExitCodes = [...(options.acceptExitCodes ?? []), SSH_FAILED];
    const result = await execLocal(this.#argv(argv), {
      ...options,
      acceptExitCodes,
      shownAs: `${this.name}: ${shownAs}`,
    });
    if (result.exitCode === SSH_FAILED) throw this.#unreachable(result.stderr);
    return result;
  }

  /** A long-lived command on its own connection, until it ends, the connection breaks, or `signal` ends it. */
  converse(argv: readonly string[], signal: AbortSignal): Conversation {
    return converse(this.#argv(argv, { shared: false }), signal);
  }

  async writeFile(path: string, content: string, mode: number): Promise<void> {
    await this.exec(writeFileArgv(path, mode), { input: content });
  }

  async writeFiles(files: readonly WrittenFile[]): Promise<void> {
    await this.exec(writeFilesArgv(), { input: writeFilesInput(files) });
  }

  async readFile(path: string): Promise<string | undefined> {
    const { exitCode, stdout } = await this.exec(readFileArgv(path), { acceptExitCodes: [NO_SUCH_FILE] });
    return exitCode === NO_SUCH_FILE ? undefined : stdout;
  }

  #argv(argv: readonly string[], options: { shared: boolean } = { shared: true }): string[] {
    const { address, port, user } = this.#target;
    const sockets = join(paths().runtime, 'ssh');
    mkdirSync(sockets, { recursive: true, mode: 0o700 });
    const words = user === 'root' ? argv : ['sudo', '-n', '--', ...argv];
    const sharing = options.shared
      ? ['-o', 'ControlMaster=auto', '-o', `ControlPath=${sockets}/%C`, '-o', 'ControlPersist=120']
      : ['-o', 'ControlMaster=no', '-o', 'ControlPath=none'];
    return [
      ...['ssh', '-F', 'none', '-T', '-i', this.#standby.sshKey, '-p', String(port)],
      ...['-o', 'BatchMode=yes', '-o', 'IdentitiesOnly=yes', '-o', 'ConnectTimeout=8'],
      ...['-o', 'StrictHostKeyChecking=yes', '-o', `UserKnownHostsFile=${this.#standby.knownHosts}`],
      ...['-o', 'GlobalKnownHostsFile=none', '-o', `HostKeyAlias=${this.name}`, '-o', 'LogLevel=ERROR'],
      ...['-o', 'ServerAliveInterval=3', '-o', 'ServerAliveCountMax=3', ...sharing],
      ...[`${user}@${address}`, '--', `PATH=${REMOTE_PATH} LC_ALL=C ${quoteForShell(words)}`],
    ];
  }

  #unreachable(stderr: string): SpareError {
    const { address, port, user } = this.#target;
    const said = stderr.trim() || 'ssh failed without a message';
    return new SpareError(
      'unreachable',
      'SSH_FAILED',
      `Cannot reach ${this.name} as ${user}@${address}:${port}: ${said}`,
      {
        hint: `Check that the machine is up and that ${this.#standby.sshKey}.pub is in authorized_keys of ${user} there`,
      },
    );
  }
}

/** The command line with which a person runs a command there with the standby's key, whatever the machine's name in the DNS. */
export function sshCommandLine(
  host: Pick<HostConfiguration, 'name' | 'ssh'>,
  { sshKey, knownHosts }: Pick<StandbyConfiguration, 'sshKey' | 'knownHosts'>,
  command: string,
): string {
  const { address, port, user } = host.ssh;
  const known = `-o UserKnownHostsFile=${knownHosts} -o HostKeyAlias=${host.name}`;
  return `ssh -i ${sshKey} ${known}${port === 22 ? '' : ` -p ${port}`} ${user}@${address} ${command}`;
}

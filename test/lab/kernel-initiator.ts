import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { quoteForShell } from './secure-shell.ts';
import type { VirtualMachine } from './virtual-machine.ts';

/** iscsiadm(8), exit status: the target has refused us. */
export const LOGIN_AUTHENTICATION_FAILED = 24;
/** iscsiadm(8), exit status: the login has failed, as when it is we who refuse the target. */
export const LOGIN_FAILED = 19;

const DEVICE_TIMEOUT_MS = 20_000;
const POLL_MS = 200;

/** What open-iscsi is told of one target, under one initiator name. */
export interface NodeRecord {
  iqn: string;
  /** `address:port`. */
  portal: string;
  /** A second initiator on the same machine: an interface of open-iscsi's with a name of its own. */
  interface?: { name: string; initiatorName: string };
}

export interface Session {
  /** `/dev/sdX`. */
  disk: string;
  /** `/sys/block/sdX`. */
  sysfs: string;
  /** The SCSI address, as in `/sys/class/scsi_disk`. */
  scsiAddress: string;
  /** As the kernel's connection has them. */
  headerDigest: boolean;
  dataDigest: boolean;
}

/** The Linux kernel's own initiator on a lab machine, driven by open-iscsi's `iscsiadm`. */
export class KernelInitiator {
  readonly #machine: VirtualMachine;

  constructor(machine: VirtualMachine) {
    this.#machine = machine;
  }

  /** Makes the record, and sets what is given: names as in iscsid.conf(5), e.g. `node.session.auth.username`. */
  async define(record: NodeRecord, settings: Readonly<Record<string, string>>): Promise<void> {
    if (record.interface !== undefined) {
      const { name, initiatorName } = record.interface;
      const onInterface = `iscsiadm -m iface -I ${name}`;
      await this.#machine.shell.run(
        `${onInterface} -o new && ${onInterface} -o update -n iface.initiatorname -v ${initiatorName}`,
      );
    }
    await this.#machine.shell.run(`${node(record)} -o new`);
    await this.set(record, { 'node.session.initial_login_retry_max': '1', ...settings });
  }

  async set(record: NodeRecord, settings: Readonly<Record<string, string>>): Promise<void> {
    const updates = Object.entries(settings).map(
      ([name, value]) => `${node(record)} -o update -n ${quoteForShell(name)} -v ${quoteForShell(value)}`,
    );
    await this.#machine.shell.run(updates.join(' && '));
  }

  /** Tries to log in; iscsiadm's exit code. */
  async tryLogin(record: NodeRecord): Promise<number> {
    const { exitCode } = await this.#machine.shell.run(`${node(record)} --login`, { acceptFailure: true });
    return exitCode;
  }

  /** Logs in, and waits until the kernel has made a disk of it. */
  async login(record: NodeRecord): Promise<Session> {
    await this.#machine.shell.run(`${node(record)} --login`);
    const deadline = Date.now() + DEVICE_TIMEOUT_MS;
    while (Date.now() < deadline) {
      const session = await this.#find(record);
      if (session !== undefined) return session;
      await sleep(POLL_MS);
    }
    throw new Error(`Cannot find the disk of ${record.iqn}: none for ${DEVICE_TIMEOUT_MS / 1000} s after the login`);
  }

  async logout(record: NodeRecord): Promise<void> {
    await this.#machine.shell.run(`${node(record)} --logout`);
  }

  /** What `iscsiadm` itself says of its sessions. */
  async details(): Promise<string> {
    const { stdout } = await this.#machine.shell.run('iscsiadm -m session -P 3');
    return stdout;
  }

  /** How often a session that was lost has been taken up again. */
  async recoveries(): Promise<number> {
    const { stdout } = await this.#machine.shell.run('journalctl --no-pager -o cat -u iscsid');
    return stdout.match(/is operational after recovery/g)?.length ?? 0;
  }

  async #find(record: NodeRecord): Promise<Session | undefined> {
    const program = await readFile(join(import.meta.dirname, 'guest/session-disk.sh'));
    const { stdout } = await this.#machine.shell.run(`sh -s ${record.iqn} ${interfaceOf(record)}`, { input: program });
    const [name, scsiAddress, header, data] = stdout.trim().split(' ');
    if (name === undefined || scsiAddress === undefined || data === undefined) return undefined;
    return {
      disk: `/dev/${name}`,
      sysfs: `/sys/block/${name}`,
      scsiAddress,
      headerDigest: header === '1',
      dataDigest: data === '1',
    };
  }
}

function node(record: NodeRecord): string {
  return `iscsiadm -m node -T ${record.iqn} -p ${record.portal} -I ${interfaceOf(record)}`;
}

/** open-iscsi's own name for an initiator that has none of its own. */
function interfaceOf(record: NodeRecord): string {
  return record.interface?.name ?? 'default';
}

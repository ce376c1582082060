import { setTimeout as sleep } from 'node:timers/promises';
import type { JournalEntry } from '../../src/hosts/journal.ts';
import type { StatusReport } from '../../src/status/status-report.ts';
import type { Lab } from './lab.ts';
import { seconds } from './progress.ts';
import { quoteForShell } from './secure-shell.ts';
import { MACHINES, POWER_SWITCH_URL, type PrimaryName, SERVICE_ADDRESSES } from './settings.ts';

export interface RunSpareOptions {
  timeout_ms?: number;
}

/** When an operation began and ended, by the standby's clock, seconds since the epoch. */
export interface OperationSpan {
  begun_s: number;
  ended_s: number;
}

/** While this file is on the standby, the fence command fails: the power switch can't be reached. */
export const FENCE_FAILS_FILE = '/run/lab-fence-fails';

const COMMAND_TIMEOUT_MS = 300_000;
const ENROLL_TIMEOUT_MS = 600_000;
const FAILBACK_TIMEOUT_MS = 600_000;
const POLL_MS = 500;

/** What an administrator types on the standby; answers are the `--json` of each command. */
export class StandbyCommands {
  readonly #lab: Lab;

  constructor(lab: Lab) {
    this.#lab = lab;
  }

  /** Runs `spare`, and returns the JSON value that it printed. Throws with its error message where it failed. */
  async spare<T>(argv: readonly string[], options: RunSpareOptions = {}): Promise<T> {
    const command = ['spare', ...argv, '--json'].map(quoteForShell).join(' ');
    const title = `standby: spare ${argv.slice(0, 2).join(' ')}`;
    this.#lab.tell(`${title} …`);
    const started = performance.now();
    const { stdout } = await this.#shell.run(command, { timeout_ms: options.timeout_ms ?? COMMAND_TIMEOUT_MS });
    this.#lab.tell(`${title}: done in ${seconds(performance.now() - started)}`);
    return JSON.parse(stdout) as T;
  }

  /** Makes the machine a standby, and lets it into the primaries, as an administrator would with `ssh-copy-id`. */
  async init(hosts: readonly PrimaryName[]): Promise<void> {
    await this.spare(['init', '--portal', `${MACHINES.standby.address}:3260`, '--interface', 'eth0']);
    const { stdout: key } = await this.#shell.run('cat /etc/spare/ssh/id_ed25519.pub');
    for (const host of hosts) {
      await this.#lab.machine(host).shell.run('cat >> /root/.ssh/authorized_keys', { input: key });
    }
  }

  /** Enrols the host with its data disk, its service address and the power switch, and waits for the first copy. */
  async enroll(host: PrimaryName): Promise<void> {
    const flags = {
      ssh: `root@${MACHINES[host].address}`,
      device: `/dev/disk/by-id/lab-${host}-data`,
      mount: `/srv/${host}`,
      'service-address': `${SERVICE_ADDRESSES[host]}/24`,
      interface: 'eth0',
      clients: '10.77.0.0/24',
      // The lab's client writes as root.
      'export-options': 'rw,sync,no_subtree_check,no_root_squash',
      policy: 'auto',
      'fence-command': FENCE_COMMAND,
    };
    const argv = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
    await this.spare(['enroll', host, ...argv, '--accept-host-key'], { timeout_ms: ENROLL_TIMEOUT_MS });
  }

  async failback<T>(host: PrimaryName): Promise<T> {
    return this.spare<T>(['failback', host], { timeout_ms: FAILBACK_TIMEOUT_MS });
  }

  /**
   * Waits until the host's record says that it is in this state. It reads the record, since the command itself takes seconds
   * under emulation and would slow down what is waited for.
   */
  async waitForState(host: PrimaryName, wanted: string, timeout_ms: number): Promise<void> {
    const deadline = Date.now() + timeout_ms;
    const started = performance.now();
    let state = 'unknown';
    while (Date.now() < deadline) {
      const { stdout } = await this.#shell.run(`cat /var/lib/spare/hosts/${host}.json 2>/dev/null || echo '{}'`);
      state = (JSON.parse(stdout) as { state?: string }).state ?? 'unknown';
      if (state === wanted) {
        this.#lab.tell(`${host} is ${wanted} after ${seconds(performance.now() - started)}`);
        return;
      }
      await sleep(POLL_MS);
    }
    const { stdout } = await this.#shell.run('journalctl --no-pager -n 30 -u spare-watch -u spare-serve');
    throw new Error(
      `Cannot wait any longer for ${host} to be '${wanted}': it is '${state}' after ${timeout_ms / 1000} s\n${stdout}`,
    );
  }

  /** `spare status`, which says by its exit code whether anything needs attention. */
  async status(): Promise<StatusReport> {
    const { stdout } = await this.#shell.run('spare status --json', {
      timeout_ms: COMMAND_TIMEOUT_MS,
      acceptFailure: true,
    });
    return JSON.parse(stdout) as StatusReport;
  }

  /** Waits until the host is protected and both legs have been seen in sync after that moment, by the standby's clock. */
  async waitForProof(host: PrimaryName, after_s: number, timeout_ms: number): Promise<void> {
    const deadline = Date.now() + timeout_ms;
    while (Date.now() < deadline) {
      await this.waitForState(host, 'protected', timeout_ms);
      if ((await this.lastProof_s(host)) > after_s) return;
      await sleep(POLL_MS);
    }
    throw new Error(`Cannot wait any longer for a proof that ${host} is protected: none for ${timeout_ms / 1000} s`);
  }

  /** When both legs were last confirmed in sync, by the standby's clock; NaN if never. */
  async lastProof_s(host: PrimaryName): Promise<number> {
    const { hosts } = await this.status();
    return Date.parse(hosts.find((status) => status.host === host)?.proof.at ?? '') / 1000;
  }

  /** How often an operation on a host has begun, by its journal. */
  async runs(host: PrimaryName, operation: string): Promise<number> {
    return (await this.#journal(host, operation)).filter((line) => line.event === 'operation-begun').length;
  }

  /** The last run of an operation on a host, by its journal. */
  async lastRun(host: PrimaryName, operation: string): Promise<OperationSpan> {
    const lines = await this.#journal(host, operation);
    const begun = lines.findLast((line) => line.event === 'operation-begun');
    const ended = lines.findLast((line) => line.event === 'operation-ended');
    if (begun === undefined || ended === undefined)
      throw new Error(`Cannot find a finished ${operation} of ${host} in its journal`);
    return { begun_s: Date.parse(begun.time) / 1000, ended_s: Date.parse(ended.time) / 1000 };
  }

  /** Seconds since the epoch by the standby's clock, which the journal goes by. */
  async now_s(): Promise<number> {
    const { stdout } = await this.#shell.run('date +%s.%N');
    return Number(stdout);
  }

  async #journal(host: PrimaryName, operation: string): Promise<JournalEntry[]> {
    const { stdout } = await this.#shell.run(`cat /var/lib/spare/journal/${host}.jsonl`);
    return stdout
      .split('\n')
      .flatMap(parseLine)
      .filter((line) => line.operation === operation);
  }

  get #shell() {
    return this.#lab.machine('standby').shell;
  }
}

/** A line that a power loss has truncated, or left as zeroes, is left out. */
function parseLine(line: string): JournalEntry[] {
  try {
    return [JSON.parse(line) as JournalEntry];
  } catch {
    return [];
  }
}

/** Uses the power switch, as one would a power strip or a management board. (Debian's static busybox crashes at `wget -T`.) */
const FENCE_COMMAND = [
  `[ ! -e ${FENCE_FAILS_FILE} ] || exit 1`,
  `outlet=${POWER_SWITCH_URL}/$SPARE_HOST`,
  'case $1 in',
  '  off) test "$(timeout 5 busybox wget -q -O - --post-data= "$outlet/off")" = off ;;',
  '  status) timeout 5 busybox wget -q -O - "$outlet" ;;',
  'esac',
].join('\n');

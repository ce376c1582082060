import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HostStatus, Problem } from '../../../src/status/host-status.ts';
import { outage_s } from '../acknowledgements.ts';
import type { MainJob } from '../main-job.ts';
import { PRIMARY_NAMES, type PrimaryName, SERVICE_ADDRESSES } from '../settings.ts';
import { FENCE_FAILS_FILE } from '../standby-commands.ts';
import type { Seen, Server } from './observation.ts';

const KILL_PROGRAM = '/usr/local/lib/lab-kill-at-step.py';
const JOURNALS = '/var/lib/spare/journal';
/** These only end what hangs. */
const STATE_LIMIT_MS = 240_000;
const COMMAND_LIMIT_MS = 300_000;
const POLL_MS = 1_000;

export interface Refusal {
  code: string;
  message: string;
}

export interface Sight {
  seen: Seen;
  problems: readonly Problem[];
}

/** What the rows of the fault matrix are made of, beside the main job. */
export class FaultBench {
  readonly job: MainJob;

  constructor(job: MainJob) {
    this.job = job;
  }

  /** Runs a command in the standby's shell. */
  async onStandby(command: string, timeout_ms = COMMAND_LIMIT_MS): Promise<string> {
    return (await this.job.lab.machine('standby').shell.run(command, { timeout_ms })).stdout;
  }

  async setStandbyClock(offset_s: number): Promise<void> {
    await this.onStandby(`date -s "@$(( $(date +%s) + ${offset_s} ))"`);
  }

  /** From now on the fence command fails, and knows of no machine whether it is on. */
  async breakFence(): Promise<void> {
    await this.onStandby(`touch ${FENCE_FAILS_FILE}`);
  }

  async mendFence(): Promise<void> {
    await this.onStandby(`rm -f ${FENCE_FAILS_FILE}`);
  }

  /** Leaves no room in a file system of the standby. */
  async fill(directory: string): Promise<void> {
    const sizes = ['256M', '16M', '1M', '64K', '4K'].join(' ');
    await this.onStandby(
      `i=0; for size in ${sizes}; do while fallocate -l $size ${directory}/lab-fill.$i 2>/dev/null; do i=$((i+1)); done; done; sync`,
    );
  }

  async empty(directory: string): Promise<void> {
    await this.onStandby(`rm -f ${directory}/lab-fill.*; sync`);
  }

  async waitForState(host: PrimaryName, state: string): Promise<void> {
    await this.job.standby.waitForState(host, state, STATE_LIMIT_MS);
  }

  /** Does something that costs the clients their service, and waits until the standby serves them: how long it was away. */
  async outageUntilTakenOver(hosts: readonly PrimaryName[], strike: () => Promise<void>): Promise<number> {
    const from_s = await this.job.client.now_s();
    await strike();
    for (const host of hosts) await this.waitForState(host, 'taken-over');
    return Math.max(...(await Promise.all(hosts.map((host) => this.outageSince(host, from_s)))));
  }

  /** Waits for an acknowledgement, and returns the longest time without one. */
  async outageSince(host: PrimaryName, from_s: number): Promise<number> {
    await this.job.waitForAcknowledgement(host);
    const { acknowledgements } = await this.job.client.writerLog(host);
    return outage_s(acknowledgements, from_s, Number.POSITIVE_INFINITY);
  }

  /** What must be refused. @throws if it is not. */
  async refusal(argv: readonly string[]): Promise<Refusal> {
    for (const deadline = Date.now() + STATE_LIMIT_MS; Date.now() < deadline; await sleep(POLL_MS)) {
      const result = await this.job.lab
        .machine('standby')
        .shell.run(`spare ${argv.join(' ')} --json`, { acceptFailure: true, timeout_ms: COMMAND_LIMIT_MS });
      if (result.exitCode === 0) throw new Error(`spare ${argv.join(' ')} was not refused: ${result.stdout}`);
      const { error } = JSON.parse(result.stdout || result.stderr) as { error: Refusal };
      // The watch may be trying the same.
      if (error.code !== 'HOST_BUSY') return error;
    }
    throw new Error(`Cannot get an answer to spare ${argv.join(' ')}: the host stays busy`);
  }

  /** Sends a signal to a command of spare when it has begun a step. */
  async signalAtStep(host: PrimaryName, step: string, signal: 'SIGKILL' | 'SIGHUP', command: string): Promise<void> {
    const program = await readFile(join(import.meta.dirname, '../guest/kill-at-step.py'));
    const { shell } = this.job.lab.machine('standby');
    await shell.run(`cat > ${KILL_PROGRAM}`, { input: program });
    await this.onStandby(`python3 ${KILL_PROGRAM} ${JOURNALS}/${host}.jsonl ${step} ${signal} ${command}`);
  }

  async #hostStatus(host: PrimaryName): Promise<HostStatus> {
    const { hosts } = await this.job.standby.status();
    const status = hosts.find((candidate) => candidate.host === host);
    if (status === undefined) throw new Error(`spare status does not show ${host}`);
    return status;
  }

  async see(host: PrimaryName): Promise<Sight> {
    const { state, volumes, problems } = await this.#hostStatus(host);
    for (const { sentence } of problems) console.log(`# ${host}: ${sentence}`);
    return {
      seen: { state, owner: volumes[0]?.ownership?.owner ?? null, server: await this.#serverOf(host) },
      problems,
    };
  }

  /** By the client's neighbour table, after a connection to the service address, and the cable that this neighbour is at. */
  async #serverOf(host: PrimaryName): Promise<Server> {
    const address = SERVICE_ADDRESSES[host];
    const { stdout } = await this.job.lab
      .machine('client')
      .shell.run(
        `timeout 5 bash -c 'exec 3<>/dev/tcp/${address}/2049' 2>/dev/null && ip neigh show to ${address} || echo nobody`,
      );
    const hardware = /lladdr (\S+)/.exec(stdout)?.[1];
    if (hardware === undefined) return 'nobody';
    const machine = await this.job.lab.network.machineOf(hardware);
    if (machine !== host && machine !== 'standby') throw new Error(`${address} is answered by ${machine}`);
    return machine === host ? 'primary' : 'standby';
  }

  /** Every machine on, every cable whole, every host at home and mirrored. @returns what that took, beside power. */
  async bringHome(): Promise<string> {
    const { lab, standby } = this.job;
    for (const name of ['standby', ...PRIMARY_NAMES] as const) await lab.network.heal(name);
    await lab.up();
    const commands: string[] = [];
    for (const { host, state, problems } of (await standby.status()).hosts) {
      if (state !== 'taken-over' && state !== 'failing-back') continue;
      const command = namedCommand(host, problems);
      await this.onStandby(command, 2 * COMMAND_LIMIT_MS);
      commands.push(`\`${command}\``);
    }
    const reports = new Map<string, string>();
    for (const deadline = Date.now() + STATE_LIMIT_MS; Date.now() < deadline; await sleep(POLL_MS)) {
      const { attention, hosts, problems } = await standby.status();
      if (!attention && hosts.every(({ state }) => state === 'protected')) return commands.join(', ') || 'automatic';
      for (const { host, problems: own } of [...hosts, { host: 'standby', problems }])
        reports.set(host, own.map(({ sentence }) => sentence).join('; '));
    }
    throw new Error(`Cannot bring all hosts back to protected: ${JSON.stringify(Object.fromEntries(reports))}`);
  }
}

/** The first command of spare that its status names. */
export function namedCommand(host: string, problems: readonly Problem[]): string {
  const named = problems.find(({ command }) => command?.startsWith('spare '))?.command;
  if (named === undefined) throw new Error(`spare status names no command for ${host}`);
  return named;
}

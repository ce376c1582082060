import { setTimeout as sleep } from 'node:timers/promises';
import { MACHINES } from './settings.ts';
import type { VirtualMachine } from './virtual-machine.ts';

const DIRECTORY = '/var/lib/lab';
const UNIT = 'lab-serve-file';
const PORT = 3261;
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 120_000;
const POLL_MS = 500;
/** What stat(1) counts blocks in. */
const STAT_BLOCK_BYTES = 512;

export const CHAP = { user: 'kernel', secret: 'what-only-both-know' } as const;

/** A sparse file that the standby serves with `spare serve --file`, beside whatever else it does. */
export class ServedDisk {
  readonly portal = `${MACHINES.standby.address}:${PORT}`;
  readonly file = `${DIRECTORY}/disk.img`;
  readonly size_MiB: number;
  readonly #standby: VirtualMachine;

  constructor(standby: VirtualMachine, size_MiB: number) {
    this.#standby = standby;
    this.size_MiB = size_MiB;
  }

  /** Makes the file and serves it; returns the target's name. systemd starts it again when it is killed. */
  async start(): Promise<string> {
    const { shell } = this.#standby;
    const secretFile = `${DIRECTORY}/secret`;
    await shell.run(
      `mkdir -p ${DIRECTORY} && truncate -s ${this.size_MiB}M ${this.file} && umask 077 && cat > ${secretFile}`,
      { input: CHAP.secret },
    );
    const serve = `spare serve --file ${this.file} --portal ${this.portal} --chap-user ${CHAP.user} --chap-secret-file ${secretFile} --json`;
    await shell.run(`systemd-run --quiet --unit=${UNIT} -p Restart=always -p RestartSec=0.2 ${serve}`);
    return this.#waitUntilReady(1);
  }

  /** SIGKILL to the process that serves; returns when systemd has started another one, and it accepts connections. */
  async kill(): Promise<void> {
    const starts = (await this.#names()).length;
    await this.#standby.shell.run(`systemctl kill --signal=KILL ${UNIT}`);
    await this.#waitUntilReady(starts + 1);
  }

  /** An orderly end: everything is flushed. */
  async stop(): Promise<void> {
    await this.#standby.shell.run(`systemctl stop ${UNIT}`, { timeout_ms: STOP_TIMEOUT_MS });
  }

  /** What the file takes on the standby's own disk. */
  async allocated_bytes(): Promise<number> {
    const { stdout } = await this.#standby.shell.run(`sync ${this.file} && stat -c %b ${this.file}`);
    return Number(stdout) * STAT_BLOCK_BYTES;
  }

  /** The checksum of the file as the standby itself reads it. */
  async sha256(): Promise<string> {
    const { stdout } = await this.#standby.shell.run(`sha256sum ${this.file}`, { timeout_ms: STOP_TIMEOUT_MS });
    return stdout.slice(0, 64);
  }

  /** Waits until the file has been served so many times; the target's name. */
  async #waitUntilReady(starts: number): Promise<string> {
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (Date.now() < deadline) {
      const name = (await this.#names())[starts - 1];
      if (name !== undefined) return name;
      await sleep(POLL_MS);
    }
    throw new Error(`Cannot serve ${this.file}: not ready after ${START_TIMEOUT_MS / 1000} s`);
  }

  /** The target's name, as often as `spare serve` has said that it accepts connections. */
  async #names(): Promise<string[]> {
    const { stdout } = await this.#standby.shell.run(`journalctl --no-pager -o cat -u ${UNIT}`);
    return [...stdout.matchAll(/^\{.*"iqn":"([^"]+)".*\}$/gm)].map((match) => match[1] ?? '');
  }
}

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Acknowledgement, lostRecords, parseRecords, parseWriterLog, type WriterLog } from './acknowledgements.ts';
import { type PrimaryName, SERVICE_ADDRESSES } from './settings.ts';
import type { VirtualMachine } from './virtual-machine.ts';

const PROGRAMS = '/usr/local/lib/lab';
const LOGS = '/var/log/lab';
/** Some ten records a second: under emulation more of them would leave too little for those who serve them. */
const PAUSE_S = 0.1;
/** A hard mount waits for its server: longer than any takeover takes. */
const STOP_TIMEOUT_MS = 180_000;

/** What one client lost and how long it waited; acknowledged records are those that fsync had returned for. */
export interface ClientAccount {
  acknowledgements: Acknowledgement[];
  lost: number[];
  errors: string[];
}

/** What an NFS client does to a service: mounts it, writes records, holds a lock. It knows of one address and of no spare. */
export class ClientWorkload {
  readonly #client: VirtualMachine;

  constructor(client: VirtualMachine) {
    this.#client = client;
  }

  /** Copies the programs, and mounts the service. `hard`: an application is never told of an error, it waits. */
  async mount(host: PrimaryName): Promise<void> {
    await this.#client.shell.run(`mkdir -p ${PROGRAMS} ${LOGS} ${mountPoint(host)}`);
    for (const program of ['write-records.py', 'write-bulk.sh', 'hold-lock.py']) {
      const input = await readFile(join(import.meta.dirname, 'guest', program));
      await this.#client.shell.run(`cat > ${PROGRAMS}/${program}`, { input });
    }
    const source = `${SERVICE_ADDRESSES[host]}:/srv/${host}`;
    await this.#client.shell.run(
      `mountpoint -q ${mountPoint(host)} || mount -t nfs4 -o hard ${source} ${mountPoint(host)}`,
    );
  }

  /** Drops everything the client has cached of the service; nothing where it is not mounted. */
  async unmount(host: PrimaryName): Promise<void> {
    const point = mountPoint(host);
    await this.#client.shell.run(`! mountpoint -q ${point} || umount ${point}`, { timeout_ms: STOP_TIMEOUT_MS });
  }

  /** Unmounts it, and forgets what was logged of it. */
  async clear(host: PrimaryName): Promise<void> {
    await this.unmount(host);
    await this.#client.shell.run(`rm -f ${LOGS}/*-${host}.log`);
  }

  async startWriter(host: PrimaryName): Promise<void> {
    await this.#start(
      `writer-${host}`,
      `python3 ${PROGRAMS}/write-records.py ${mountPoint(host)}/records ${logFile('writer', host)} ${PAUSE_S}`,
    );
  }

  async stopWriter(host: PrimaryName): Promise<void> {
    await this.#stop(`writer-${host}`);
  }

  /** Load beside the records: 1 MiB at a time, each followed by fsync. */
  async startBulkWriter(host: PrimaryName): Promise<void> {
    await this.#start(`bulk-${host}`, `sh ${PROGRAMS}/write-bulk.sh ${mountPoint(host)} ${logFile('bulk', host)}`);
  }

  /** Ends it; what it was told of errors. */
  async stopBulkWriter(host: PrimaryName): Promise<string> {
    await this.#stop(`bulk-${host}`);
    const { stdout } = await this.#client.shell.run(`cat ${logFile('bulk', host)}`);
    return stdout;
  }

  async startLockHolder(host: PrimaryName): Promise<void> {
    await this.#start(
      `lock-${host}`,
      `python3 ${PROGRAMS}/hold-lock.py ${mountPoint(host)}/lock ${logFile('lock', host)}`,
    );
  }

  async stopLockHolder(host: PrimaryName): Promise<void> {
    await this.#stop(`lock-${host}`);
  }

  async lockLog(host: PrimaryName): Promise<WriterLog> {
    const { stdout } = await this.#client.shell.run(`cat ${logFile('lock', host)} 2>/dev/null || :`);
    return parseWriterLog(stdout);
  }

  /** Whether this machine could take the lock on the same file now. */
  async lockIsFree(host: PrimaryName): Promise<boolean> {
    const { stdout } = await this.#client.shell.run(`python3 ${PROGRAMS}/hold-lock.py --try ${mountPoint(host)}/lock`);
    if (!/^(free|held)\n$/.test(stdout)) throw new Error(`Cannot tell whether the lock is free: ${stdout}`);
    return stdout === 'free\n';
  }

  /** What the writer has been told so far. */
  async writerLog(host: PrimaryName): Promise<WriterLog> {
    const { stdout } = await this.#client.shell.run(`cat ${logFile('writer', host)} 2>/dev/null || :`);
    return parseWriterLog(stdout);
  }

  /** Mounts the service anew, so that the server answers and not the client's cache, and compares the file with the log. */
  async settle(host: PrimaryName): Promise<ClientAccount> {
    await this.unmount(host);
    await this.mount(host);
    const { stdout } = await this.#client.shell.run(`cat ${mountPoint(host)}/records`);
    const { acknowledgements, errors } = await this.writerLog(host);
    return { acknowledgements, errors, lost: lostRecords(acknowledgements, parseRecords(stdout)) };
  }

  /** Seconds since the epoch by the client's clock, which all its logs go by. */
  async now_s(): Promise<number> {
    const { stdout } = await this.#client.shell.run('date +%s.%N');
    return Number(stdout);
  }

  async #start(unit: string, commandLine: string): Promise<void> {
    // No --collect: what became of a writer that failed stays to be seen with systemctl.
    await this.#client.shell.run(`systemd-run --quiet --unit=${unit} ${commandLine}`);
  }

  /** Ends it after the record under way, however long that waits. */
  async #stop(unit: string): Promise<void> {
    const wait = `i=0; while systemctl -q is-active ${unit}; do sleep 0.2; i=$((i+1)); [ $i -lt 800 ] || exit 1; done`;
    await this.#client.shell.run(
      `systemctl kill ${unit} 2>/dev/null; ${wait}; systemctl reset-failed ${unit} 2>/dev/null || :`,
      {
        timeout_ms: STOP_TIMEOUT_MS,
      },
    );
  }
}

function mountPoint(host: PrimaryName): string {
  return `/mnt/${host}`;
}

function logFile(kind: 'writer' | 'bulk' | 'lock', host: PrimaryName): string {
  return `${LOGS}/${kind}-${host}.log`;
}

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type EventFacts, eventOf, eventText } from '../../src/std/event.ts';
import type { EventName } from '../../src/std/event-table.ts';
import type { Engine, MachinePlan } from './engines/engine.ts';
import { processorOf } from './engines/processor.ts';
import type { Image } from './image.ts';
import type { MachineDisk } from './machine-disks.ts';
import type { Network } from './network.ts';
import { runningProcess } from './process-file.ts';
import { killGroup } from './process-group.ts';
import { SecureShell } from './secure-shell.ts';
import type { LabSettings, MachineSettings } from './settings.ts';

const BOOT_TIMEOUT_MS = 240_000;
const CONSOLE_TAIL_LINES = 15;
/** `panic=1` makes a crash a restart, as on a server. */
const KERNEL_PARAMETERS = ['quiet', 'loglevel=4', 'audit=0', 'panic=1', 'systemd.show_status=0'];

export interface VirtualMachineOptions {
  lab: LabSettings;
  machine: MachineSettings;
  network: Network;
  image: Image;
  engine: Engine;
  disks: readonly [MachineDisk, ...MachineDisk[]];
  tell(line: string): void;
}

/**
 * One machine of the lab: a process group of its own that outlives this process, found again by its process file.
 * Its disks are files in the lab's run directory and outlive the group, as disks outlive a loss of power.
 */
export class VirtualMachine {
  readonly name: string;
  readonly address: string;
  readonly shell: SecureShell;
  readonly console: string;
  readonly #options: VirtualMachineOptions;

  constructor(options: VirtualMachineOptions) {
    const { lab, machine, network, image } = options;
    this.#options = options;
    this.name = machine.name;
    this.address = machine.address;
    this.shell = new SecureShell(network, machine.address, image.key, lab.runDirectory);
    this.console = join(lab.runDirectory, `${machine.name}.console`);
  }

  /** The leader of the machine's processes, while it is on. */
  get pid(): number | undefined {
    return runningProcess(this.#processFile, this.#processName);
  }

  /** The file of one of its disks. While the machine is off or frozen, that is what it has. */
  diskFile(name: string): string {
    return this.#disk(name).file;
  }

  /** Powers the machine on, with the disks it had. Returns when its process runs; `waitForShell` waits for the system. */
  async start(): Promise<void> {
    if (this.pid !== undefined) return;
    const { engine, image, network } = this.#options;
    await network.plugIn(this.#options.machine.name);
    const plan = this.#plan();
    await engine.prepare(plan, image);
    const { argv, environment } = engine.commandLine(plan, image);
    const console = openSync(this.console, 'a');
    const [command, args] = network.inside(argv);
    const child = spawn(command, args, {
      detached: true,
      stdio: ['ignore', console, console],
      env: { ...process.env, ...environment },
    });
    closeSync(console);
    child.unref();
    await started(child);
    await writeFile(this.#processFile, String(child.pid));
    this.#tell('machine-on', { engine: engine.name });
  }

  /** Waits until the machine answers over SSH. @throws when its process has ended or the time is over. */
  async waitForShell(timeout_ms = BOOT_TIMEOUT_MS): Promise<void> {
    const answers = await this.shell.waitForPort(timeout_ms);
    if (!answers || this.pid === undefined) {
      const lines = (await readFile(this.console, 'utf8').catch(() => '')).split('\n');
      const last = lines.slice(-CONSOLE_TAIL_LINES).join('\n');
      throw new Error(`Cannot reach ${this.name} over SSH after ${timeout_ms / 1000} s\n${last}`.trimEnd());
    }
    await this.shell.run('true');
  }

  /**
   * Loss of power: SIGKILL to all of the machine's processes; returns when they are dead.
   * What the guest had handed to its disk stays, in this computer's page cache: that is a disk with a cache that survives.
   * What the guest had only in its own memory is gone. So the disks need no direct I/O, and a lab run is fast.
   */
  async kill(): Promise<void> {
    const { pid } = this;
    if (pid !== undefined) {
      await killGroup(pid);
      this.#tell('machine-killed');
    }
    await rm(this.#processFile, { force: true });
    await this.shell.close();
  }

  /** The whole machine stands still until `thaw`: it runs nothing, sends nothing and writes nothing. */
  freeze(): void {
    this.#signal('SIGSTOP');
    this.#tell('machine-frozen');
  }

  thaw(): void {
    this.#signal('SIGCONT');
    this.#tell('machine-thawed');
  }

  #tell(event: EventName, facts?: EventFacts): void {
    this.#options.tell(eventText(eventOf(event, { host: this.name, ...(facts && { facts }) })));
  }

  #signal(signal: NodeJS.Signals): void {
    for (const pid of this.#options.engine.kernelProcesses(this.#runningPid())) process.kill(pid, signal);
  }

  /** Bytes written to a disk since the machine was powered on, as its engine counts them, whatever the guest says. */
  async written_bytes(disk: string): Promise<number> {
    return this.#options.engine.written_bytes(this.#plan(), this.#disk(disk), this.#runningPid());
  }

  #disk(wanted: string): MachineDisk {
    const disk = this.#options.disks.find(({ name }) => name === wanted);
    if (disk === undefined) throw new Error(`Cannot find a disk '${wanted}' of ${this.name}`);
    return disk;
  }

  #runningPid(): number {
    const { pid } = this;
    if (pid === undefined) throw new Error(`Cannot reach the processes of ${this.name}: it is off`);
    return pid;
  }

  get #processFile(): string {
    return join(this.#options.lab.runDirectory, `${this.name}.pid`);
  }

  /** In the command line of its processes, so that a process id that has been given to another one is not taken for ours. */
  get #processName(): string {
    return `spare-${this.#options.lab.name}-${this.name}`;
  }

  #plan(): MachinePlan {
    const { lab, machine, network, disks } = this.#options;
    const octet = machine.octet.toString(16).padStart(2, '0');
    return {
      processName: this.#processName,
      processors: machine.processors,
      processor: processorOf(machine.name, lab.name),
      memory_MiB: machine.memory_MiB,
      disks,
      tap: network.tap(machine.name),
      macAddress: `52:54:00:77:00:${octet}`,
      kernelParameters: [
        ...KERNEL_PARAMETERS,
        `systemd.hostname=${machine.name}`,
        `systemd.machine_id=${octet.padStart(32, '5')}`,
        `lab.address=${machine.address}/24`,
        ...this.#diskParameters(),
      ],
      directory: lab.runDirectory,
    };
  }

  /** What `image/files` makes of them: names by udev, mounts by the first program. */
  #diskParameters(): string[] {
    const { disks, engine } = this.#options;
    return disks.flatMap(({ name, mountPoint }, index) => [
      `lab.disk${index}=${name}`,
      ...(mountPoint === undefined ? [] : [`lab.mount=${engine.device(index)}:${mountPoint}`]),
    ]);
  }
}

async function started(child: ChildProcess): Promise<void> {
  await new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
}

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { ACCELERATOR_ARGUMENTS, type Accelerator } from './accelerator.ts';
import type { Image } from './image.ts';
import type { Network } from './network.ts';
import { hasEnded, runningProcess } from './process-file.ts';
import { SecureShell } from './secure-shell.ts';
import type { LabSettings, MachineSettings } from './settings.ts';

const BOOT_TIMEOUT_MS = 240_000;
const DIE_TIMEOUT_MS = 10_000;
/** Kernel parameters that shorten a boot under emulation; `panic=1` makes a crash a restart, as on a server. */
const KERNEL_PARAMETERS =
  'console=ttyS0 quiet loglevel=4 net.ifnames=0 mitigations=off audit=0 nokaslr panic=1 tsc=reliable no_timer_check ' +
  'rcupdate.rcu_expedited=1 systemd.show_status=0';

export interface VirtualMachineOptions {
  lab: LabSettings;
  machine: MachineSettings;
  network: Network;
  image: Image;
  accelerator: Accelerator;
  /** A second disk that is not the machine's own data disk: an ext4 image, mounted at /opt/spare. */
  projectDisk?: string;
}

/**
 * One machine of the lab: a QEMU process of its own that outlives this one, found again by its process file.
 * Its disks are files in the lab's run directory and outlive the process, as disks outlive a loss of power.
 */
export class VirtualMachine {
  readonly name: string;
  readonly address: string;
  readonly shell: SecureShell;
  /** The raw data disk of a primary: its bytes can be read from here while the machine is off. */
  readonly dataDisk: string;
  /** The overlay of the root, qcow2. */
  readonly rootDisk: string;
  readonly console: string;
  readonly #options: VirtualMachineOptions;

  constructor(options: VirtualMachineOptions) {
    const { lab, machine, network, image } = options;
    this.#options = options;
    this.name = machine.name;
    this.address = machine.address;
    this.shell = new SecureShell(network, machine.address, image.key, lab.runDirectory);
    this.dataDisk = join(lab.runDirectory, `${machine.name}-data.raw`);
    this.rootDisk = join(lab.runDirectory, `${machine.name}.qcow2`);
    this.console = join(lab.runDirectory, `${machine.name}.console`);
  }

  get pid(): number | undefined {
    return runningProcess(this.#processFile, this.#processName);
  }

  /** Powers the machine on, with the disks it had. Returns when QEMU runs; `waitForShell` waits for the system. */
  async start(): Promise<void> {
    if (this.pid !== undefined) return;
    const tap = await this.#options.network.plugIn(this.#options.machine.name);
    if (!existsSync(this.rootDisk)) {
      await execa('qemu-img', [
        'create',
        '-q',
        '-f',
        'qcow2',
        '-F',
        'raw',
        '-b',
        this.#options.image.root,
        this.rootDisk,
      ]);
    }
    const { dataDisk_MiB } = this.#options.machine;
    if (dataDisk_MiB !== undefined && !existsSync(this.dataDisk)) {
      await writeFile(this.dataDisk, '');
      await truncate(this.dataDisk, dataDisk_MiB * 2 ** 20);
    }
    const log = openSync(join(this.#options.lab.runDirectory, `${this.name}.log`), 'a');
    const [command, argv] = this.#options.network.inside(['qemu-system-x86_64', ...this.#qemuArguments(tap)]);
    const child = spawn(command, argv, { detached: true, stdio: ['ignore', log, log] });
    closeSync(log);
    child.unref();
    await started(child);
    await writeFile(this.#processFile, String(child.pid));
  }

  /** Waits until the machine answers over SSH. @throws when QEMU has ended or the time is over. */
  async waitForShell(timeout_ms = BOOT_TIMEOUT_MS): Promise<void> {
    const answers = await this.shell.waitForPort(timeout_ms);
    if (!answers || this.pid === undefined) {
      const last = existsSync(this.console) ? readFileSync(this.console, 'utf8').split('\n').slice(-15).join('\n') : '';
      const log = await readFile(join(this.#options.lab.runDirectory, `${this.name}.log`), 'utf8').catch(() => '');
      throw new Error(`Cannot reach ${this.name} over SSH after ${timeout_ms / 1000} s\n${log}\n${last}`.trimEnd());
    }
    await this.shell.run('true');
  }

  /**
   * Loss of power: SIGKILL to this machine's own QEMU; returns when it is dead.
   * What the guest had handed to its disk stays, in this machine's page cache: that is a disk with a cache that survives.
   * What the guest had only in its own memory is gone. So the disks need no `cache=none`, and a lab run is fast.
   */
  async kill(): Promise<void> {
    const { pid } = this;
    if (pid !== undefined) {
      process.kill(pid, 'SIGKILL');
      const deadline = Date.now() + DIE_TIMEOUT_MS;
      while (!hasEnded(pid)) {
        if (Date.now() > deadline) throw new Error(`Cannot kill ${this.name}: process ${pid} is still there`);
        await sleep(10);
      }
    }
    await rm(this.#processFile, { force: true });
    await this.shell.close();
  }

  /** The whole machine stands still, and its clock with it, until `thaw`. */
  freeze(): void {
    process.kill(this.#runningPid(), 'SIGSTOP');
  }

  thaw(): void {
    process.kill(this.#runningPid(), 'SIGCONT');
  }

  #runningPid(): number {
    const { pid } = this;
    if (pid === undefined) throw new Error(`Cannot signal ${this.name}: it does not run`);
    return pid;
  }

  get #processFile(): string {
    return join(this.#options.lab.runDirectory, `${this.name}.pid`);
  }

  /** As in QEMU's `-name`, so that a process id that has been given to another process is not taken for ours. */
  get #processName(): string {
    return `spare-${this.#options.lab.name}-${this.name}`;
  }

  #qemuArguments(tap: string): string[] {
    const { lab, machine, image, accelerator, projectDisk } = this.#options;
    const octet = machine.octet.toString(16).padStart(2, '0');
    const kernelParameters = [
      KERNEL_PARAMETERS,
      `systemd.hostname=${machine.name}`,
      `systemd.machine_id=${octet.padStart(32, '5')}`,
      `lab.address=${machine.address}/24`,
      ...(projectDisk === undefined ? [] : ['lab.project=/dev/vdb']),
    ];
    const disks = [
      ...disk('root', this.rootDisk, 'qcow2', 'root'),
      ...(machine.dataDisk_MiB === undefined ? [] : disk('data', this.dataDisk, 'raw', `${machine.name}-data`)),
      ...(projectDisk === undefined ? [] : disk('project', projectDisk, 'raw', 'project')),
    ];
    return [
      ...['-name', this.#processName, '-M', 'q35', ...ACCELERATOR_ARGUMENTS[accelerator]],
      ...[
        '-smp',
        String(machine.processors),
        '-m',
        String(machine.memory_MiB),
        '-nodefaults',
        '-no-user-config',
        '-display',
        'none',
      ],
      ...['-serial', `file:${this.console}`, '-kernel', image.kernel, '-initrd', image.initrd],
      ...['-append', kernelParameters.join(' '), ...disks],
      ...['-netdev', `tap,id=net0,ifname=${tap},script=no,downscript=no`],
      ...['-device', `virtio-net-pci,netdev=net0,mac=52:54:00:77:00:${octet}`],
      ...['-object', 'rng-random,id=rng0,filename=/dev/urandom', '-device', 'virtio-rng-pci,rng=rng0'],
      ...['-qmp', `unix:${join(lab.runDirectory, `${machine.name}.qmp`)},server=on,wait=off`],
    ];
  }
}

/** `serial` becomes /dev/disk/by-id/virtio-<serial>. */
function disk(id: string, file: string, format: 'qcow2' | 'raw', serial: string): string[] {
  const drive = `if=none,id=${id},file=${file},format=${format},cache=unsafe,discard=unmap`;
  return ['-drive', drive, '-device', `virtio-blk-pci,drive=${id},serial=${serial}`];
}

async function started(child: ChildProcess): Promise<void> {
  await new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
}

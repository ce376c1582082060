import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventOf, eventText } from '../../src/std/event.ts';
import { chooseEngine, keepEngine } from './engines/choose.ts';
import type { Engine } from './engines/engine.ts';
import { ensureImage } from './image.ts';
import { machineDisks, makeDataDisk, makePoolDisk } from './machine-disks.ts';
import { Network } from './network.ts';
import { runningProcess } from './process-file.ts';
import { seconds } from './progress.ts';
import { ensureProjectDisk, markProjectDiskCurrent, projectArchive } from './project-disk.ts';
import { type LabSettings, MACHINE_NAMES, MACHINES, type MachineName } from './settings.ts';
import { VirtualMachine } from './virtual-machine.ts';

const POWER_SWITCH_MARKER = 'power-switch';
const POWER_SWITCH_START_MS = 10_000;

interface LabParts {
  settings: LabSettings;
  engine: Engine;
  network: Network;
  machines: ReadonlyMap<MachineName, VirtualMachine>;
  tell: (line: string) => void;
}

/** The whole lab: its network, its machines, its power switch. Everything in it outlives this process until `down`. */
export class Lab {
  readonly settings: LabSettings;
  readonly engine: Engine;
  readonly network: Network;
  /** Where what happens in the lab is told, a line at a time. */
  readonly tell: (line: string) => void;
  readonly #machines: ReadonlyMap<MachineName, VirtualMachine>;
  #closed = false;
  #starting: Promise<void> = Promise.resolve();

  /** The lab of these settings, running or not, with its image built. Run as root. */
  static async open(settings: LabSettings, tell: (line: string) => void = () => {}): Promise<Lab> {
    if (process.getuid?.() !== 0) throw new Error('Cannot use the lab: its network needs root (run it with sudo)');
    const image = await ensureImage(settings, tell);
    const engine = await chooseEngine(settings, image);
    const network = new Network(settings.namespace, tell);
    const machines = MACHINE_NAMES.map((name) => {
      const machine = MACHINES[name];
      const disks = machineDisks(settings, machine, image, engine.overlaySuffix);
      return [name, new VirtualMachine({ lab: settings, machine, network, image, engine, disks, tell })] as const;
    });
    return new Lab({ settings, engine, network, machines: new Map(machines), tell });
  }

  private constructor({ settings, engine, network, machines, tell }: LabParts) {
    this.settings = settings;
    this.engine = engine;
    this.network = network;
    this.tell = tell;
    this.#machines = machines;
  }

  machine(name: MachineName): VirtualMachine {
    const machine = this.#machines.get(name);
    if (machine === undefined)
      throw new Error(`Cannot find machine '${name}': the lab has ${MACHINE_NAMES.join(', ')}`);
    return machine;
  }

  /** Powers the machines on, together, and waits until each answers over SSH. Those that run are left as they are. */
  async up(names: readonly MachineName[] = MACHINE_NAMES): Promise<void> {
    await mkdir(this.settings.runDirectory, { recursive: true, mode: 0o700 });
    await keepEngine(this.settings, this.engine);
    await this.network.up();
    await this.#startPowerSwitch();
    for (const name of names) await this.#makeDisks(name);
    const started = performance.now();
    this.#starting = this.#start(names);
    await this.#starting;
    await Promise.all(
      names.map(async (name) => {
        await this.machine(name).waitForShell();
        const facts = { after: seconds(performance.now() - started) };
        this.tell(eventText(eventOf('machine-answers', { host: name, facts })));
      }),
    );
  }

  /** Brings the working tree to the running standby's /opt/spare. Daemons that run keep the old code until they are restarted. */
  async deploy(): Promise<void> {
    const unpack = 'cd /opt/spare && rm -rf bin src templates && tar --no-same-owner -xf -';
    await this.machine('standby').shell.run(unpack, { input: await projectArchive() });
    await markProjectDiskCurrent(this.machine('standby').diskFile('project'));
  }

  /** Ends every process of the lab and removes its network and its disks. The image stays in the cache. */
  async down(): Promise<void> {
    for (const name of MACHINE_NAMES) await this.machine(name).kill();
    const powerSwitch = runningProcess(this.#powerSwitchFile, this.#powerSwitchMarker);
    if (powerSwitch !== undefined) process.kill(powerSwitch, 'SIGTERM');
    await this.network.down();
    await rm(this.settings.runDirectory, { recursive: true, force: true });
  }

  /** Ends the lab for good, also while something else starts machines in it: nothing can be started afterwards. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#starting.catch(() => {});
    await this.down();
  }

  get closed(): boolean {
    return this.#closed;
  }

  async #start(names: readonly MachineName[]): Promise<void> {
    for (const name of names) {
      if (this.#closed) throw new Error('Cannot start a machine: the lab is being taken down');
      await this.machine(name).start();
    }
  }

  async #makeDisks(name: MachineName): Promise<void> {
    const machine = this.machine(name);
    const { dataDisk_MiB } = MACHINES[name];
    if (machine.pid !== undefined) return;
    if (dataDisk_MiB !== undefined) await makeDataDisk(machine.diskFile(`${name}-data`), dataDisk_MiB);
    if (name !== 'standby') return;
    await ensureProjectDisk(machine.diskFile('project'));
    await makePoolDisk(machine.diskFile('pool'));
  }

  get #powerSwitchFile(): string {
    return join(this.settings.runDirectory, `${POWER_SWITCH_MARKER}.pid`);
  }

  get #powerSwitchMarker(): string {
    return `${POWER_SWITCH_MARKER}=${this.settings.name}`;
  }

  async #startPowerSwitch(): Promise<void> {
    if (runningProcess(this.#powerSwitchFile, this.#powerSwitchMarker) !== undefined) return;
    const logFile = join(this.settings.runDirectory, `${POWER_SWITCH_MARKER}.log`);
    const log = openSync(logFile, 'w');
    const cli = join(import.meta.dirname, 'cli.ts');
    const [command, argv] = this.network.inside([process.execPath, cli, POWER_SWITCH_MARKER, this.#powerSwitchMarker]);
    const child = spawn(command, argv, {
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...process.env, SPARE_LAB_NAME: this.settings.name },
    });
    closeSync(log);
    child.unref();
    await writeFile(this.#powerSwitchFile, String(child.pid));
    const deadline = Date.now() + POWER_SWITCH_START_MS;
    while (!(await readFile(logFile, 'utf8')).includes('listening')) {
      if (Date.now() > deadline) throw new Error(`Cannot start the power switch: look into ${logFile}`);
      await sleep(50);
    }
  }
}

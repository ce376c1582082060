import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { installRoot } from '../../src/machine/template.ts';
import { initiatorFiles, standbyLegPath } from '../../src/mirror/initiator.ts';
import { inquiryText } from '../../src/ownership/inquiry-text.ts';
import type { Owner, OwnershipRecord } from '../../src/ownership/record.ts';
import { serviceConfiguration } from '../../src/service/service.ts';
import { hostFixture, standbyFixture, volumeFixture, withVolume } from '../fixtures/configuration.ts';
import { eventually } from '../fixtures/eventually.ts';

export const FIXTURES: string = join(installRoot, 'test/fixtures/primary');

/** The names of this machine's own: each stands for one of the world. */
const BLOCK_DEVICES = readdirSync('/dev').filter((name) =>
  statSync(`/dev/${name}`, { throwIfNoEntry: false })?.isBlockDevice(),
);

/** What the fake initiator gets from its target: see test/fixtures/primary/bin/iscsiadm. */
export type TargetAnswer =
  `${'accepted' | 'refused' | 'pending' | 'unreachable'} ${'accepted' | 'refused' | 'unreachable'}`;

/** A primary made of files: the real programs of templates/primary run in it, with fake commands and a fake /sys. */
export class PrimaryWorld {
  readonly root = mkdtempSync(join(tmpdir(), 'spare-primary-'));
  #running: ChildProcess | undefined;
  /** The block device that stands for each path. */
  readonly #blocks = new Map<string, string>();

  constructor() {
    const { device, localLeg } = volumeFixture;
    this.put('log', '');
    this.block('block-device');
    this.block(localLeg);
    this.bootTime_s = 1000;
    this.put(
      'etc/iscsi/nodes/iqn.2026-11.net.spare:lab:alpha/10.77.0.10,3260,1/default',
      initiatorFiles(hostFixture, standbyFixture).node,
    );
    this.put(
      'etc/spare/services/alpha.conf',
      serviceConfiguration(
        withVolume(hostFixture, { device: join(this.root, device), localLeg: join(this.root, localLeg) }),
        standbyFixture,
        'primary',
      ),
    );
    mkdirSync(join(this.root, 'run/spare'), { recursive: true });
    const service = join(this.root, 'usr/local/lib/spare/service');
    mkdirSync(dirname(service), { recursive: true });
    copyFileSync(join(FIXTURES, 'service'), service);
    chmodSync(service, 0o755);
  }

  /** A file below the root. */
  put(path: string, content: string | Buffer): void {
    const file = join(this.root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }

  /** Something that a shell takes for a block device; nobody opens it. @returns Its kernel name. */
  block(path: string): string {
    const file = join(this.root, path);
    mkdirSync(dirname(file), { recursive: true });
    rmSync(file, { force: true });
    const name = this.#blocks.get(path) ?? BLOCK_DEVICES[this.#blocks.size];
    if (name === undefined) {
      execFileSync('mknod', [file, 'b', '7', '0']);
      return basename(file);
    }
    this.#blocks.set(path, name);
    symlinkSync(`/dev/${name}`, file);
    return name;
  }

  /** The disk of a volume's LUN, as udev names it, with what it told of its owner when it appeared. */
  plugLun(owner: Owner | 'unknown', volume = volumeFixture, epoch = 7): void {
    const disk = this.block(standbyLegPath(hostFixture, volume, standbyFixture));
    const inquiry = Buffer.alloc(96);
    const record = owner === 'unknown' ? undefined : ({ owner, epoch } as OwnershipRecord);
    inquiry.write(inquiryText(record), 36, 'latin1');
    this.put(`sys/block/${disk}/device/inquiry`, inquiry);
  }

  read(path: string): string | undefined {
    const file = join(this.root, path);
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  }

  /** How the target answers from now on: `LOGIN DISCOVERY`. */
  set target(answer: TargetAnswer) {
    this.put('target', `${answer}\n`);
  }

  set sessionState(state: string) {
    this.put('sys/class/iscsi_session/session7/state', `${state}\n`);
  }

  /** How long the machine has been up. */
  set bootTime_s(seconds: number) {
    this.put('proc/uptime', `${seconds}.00 0.00\n`);
  }

  /** The commands that were run, oldest first, with the root taken out. */
  get log(): string[] {
    return (this.read('log') ?? '').replaceAll(this.root, '').split('\n').filter(Boolean);
  }

  /** How often a command was run whose line contains `text`. */
  count(text: string): number {
    return this.log.filter((line) => line.includes(text)).length;
  }

  /** What a program is started with: the fake commands first. */
  protected get environment(): NodeJS.ProcessEnv {
    return { ...process.env, SPARE_TEST_ROOT: this.root, PATH: `${FIXTURES}/bin:${process.env.PATH}` };
  }

  /** Starts a program of templates/primary. */
  start(name: 'guard' | 'report' | 'service', ...args: string[]): ChildProcess {
    this.#running = spawn('sh', [join(installRoot, 'templates/primary', name), ...args], {
      env: this.environment,
      stdio: 'pipe',
    });
    return this.#running;
  }

  /** Waits for as many seconds of the programs, each of which is a pause of the guard's loop. */
  async rounds(count: number): Promise<void> {
    const passed = () => (this.read('seconds') ?? '').length;
    const last = passed() + count;
    await this.until(() => passed() >= last);
  }

  /** Waits until `condition` holds; where it never does, fails with what was done instead. */
  async until(condition: () => boolean): Promise<void> {
    await eventually(() => {
      if (!condition()) throw new Error(`Waited in vain. Done last: ${this.log.slice(-10).join('; ')}`);
    });
  }

  /** Ends the program and forgets everything. */
  async end(): Promise<void> {
    const child = this.#running;
    if (child && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }
    // What the program has started may still be writing: it is ended by having nothing to write to.
    rmSync(this.root, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }
}

import { randomInt } from 'node:crypto';
import type { Server } from 'node:net';
import { readHostConfiguration } from '../../../src/config/configuration.ts';
import { writeHostConfiguration } from '../../../src/config/write-configuration.ts';
import type { ExecResult, Machine, WrittenFile } from '../../../src/machine/machine.ts';
import { type HostSettings, settingsOf } from '../../../src/operations/host-settings.ts';
import { planSet, type SetPlan } from '../../../src/operations/set/set.ts';
import type { SettingChanges } from '../../../src/operations/set/setting-changes.ts';
import { serviceConfiguration, serviceConfigurationPath } from '../../../src/service/service.ts';
import { systemClock } from '../../../src/std/clock.ts';
import { volumeContext } from '../../../src/steps/operation-context.ts';
import { fakeNfsServer } from '../../commands/fake-nfs-server.ts';
import { RecordingMachine } from '../recording-machine.ts';
import { TakeoverWorld } from '../takeover-world.ts';

const CONF = serviceConfigurationPath('alpha');

/** A protected host: the service files of both machines, the exports and the initiator of the primary. */
export class SettingsWorld {
  readonly takeover = new TakeoverWorld();
  readonly primaryMachine = new RecordingMachine('alpha', (argv) => this.#primary(argv));
  readonly files = { standby: new Map<string, string>(), primary: new Map<string, string>() };
  /** What the NFS server exports to whom. */
  exported = '';
  serves = true;
  /** Of the session that is up, and of the sessions to come. */
  timeouts = { session: 12, record: 12 };
  /** The lease that the target counts. */
  lease_s = 12;
  /** What must never be: a takeover would trust in more than the initiator holds. */
  readonly violations: string[] = [];
  #nfs: Server | undefined;

  async begin(): Promise<void> {
    const { takeover } = this;
    const address = `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`;
    takeover.host = { ...takeover.host, service: { ...takeover.host.service, address: `${address}/24` } };
    await takeover.begin();
    takeover.onAdd = () => {
      this.lease_s = this.settings.replacementTimeout_s;
      this.#check();
    };
    writeHostConfiguration(takeover.host);
    this.#nfs = await fakeNfsServer(
      address,
      () => takeover.volume.identity,
      `${takeover.volume.mountPoint}/.spare/identity`.split('/').length - 1,
    );
    keepFiles(takeover.standbyMachine, this.files.standby);
    keepFiles(this.primaryMachine, this.files.primary);
    for (const role of ['standby', 'primary'] as const) {
      this.files[role].set(CONF, serviceConfiguration(takeover.host, takeover.standby, role));
    }
    this.#export();
  }

  async end(): Promise<void> {
    await new Promise((resolve) => this.#nfs?.close(resolve));
    await this.takeover.end();
  }

  plan(changes: SettingChanges): Promise<SetPlan> {
    const { standbyMachine } = this.takeover;
    return planSet(
      { ...volumeContext('alpha', systemClock), standbyMachine, primaryMachine: this.primaryMachine },
      changes,
    );
  }

  get settings(): HostSettings {
    return settingsOf(readHostConfiguration('alpha'));
  }

  /** Everything that must agree with the configuration and does not. */
  get differences(): string[] {
    const host = readHostConfiguration('alpha');
    const { clients, exportOptions, replacementTimeout_s } = this.settings;
    const wanted = (role: 'standby' | 'primary') => serviceConfiguration(host, this.takeover.standby, role);
    return [
      ...(['standby', 'primary'] as const).filter((role) => this.files[role].get(CONF) !== wanted(role)),
      ...(this.exported === `${clients}(${exportOptions})` ? [] : ['exports']),
      ...(this.lease_s === replacementTimeout_s ? [] : ['target']),
      ...(['session', 'record'] as const).filter((name) => this.timeouts[name] !== replacementTimeout_s),
    ];
  }

  #primary(argv: readonly string[]): ExecResult {
    const says = (stdout: string): ExecResult => ({ exitCode: 0, stdout, stderr: '' });
    if (argv[1] === 'status') return says(this.serves ? 'nfsThreads=8\naddress=yes\n' : 'nfsThreads=0\naddress=no\n');
    if (argv[1] === 'export') return says(this.serves ? `/srv/alpha  ${this.#export()}\n` : '');
    if (argv.includes('set-recovery-timeout')) this.#hold('session', argv);
    if (argv[0] === 'iscsiadm') this.#hold('record', argv);
    return says('');
  }

  #hold(name: 'session' | 'record', argv: readonly string[]): void {
    this.timeouts[name] = Number(argv.at(-1));
    this.#report();
    this.#check();
  }

  /** The report program is told the lease once a second: what it does then. */
  #report(): void {
    const { replacementTimeout_s } = this.settings;
    const { session, record } = this.timeouts;
    if (session !== replacementTimeout_s) this.timeouts.session = Math.max(record, replacementTimeout_s);
  }

  #check(): void {
    const lease_s = Math.max(this.lease_s, this.settings.replacementTimeout_s);
    for (const name of ['session', 'record'] as const) {
      if (this.timeouts[name] < lease_s) this.violations.push(`the ${name} is shorter`);
    }
  }

  /** As the program would: from the service file that is there. */
  #export(): string {
    const [clients, options] = ['CLIENTS', 'EXPORT_OPTIONS'].map((name) => {
      const [, value] = new RegExp(`^ *SPARE_${name}='?([^'\n]*)`, 'm').exec(this.files.primary.get(CONF) ?? '') ?? [];
      return value;
    });
    this.exported = `${clients}(${options})`;
    return this.exported;
  }
}

function keepFiles(machine: Machine, files: Map<string, string>): void {
  machine.writeFiles = async (written: readonly WrittenFile[]) => {
    for (const { path, content } of written) files.set(path, content);
  };
}

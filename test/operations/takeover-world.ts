import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { controlSocketPath, ownershipPath } from '../../src/config/paths.ts';
import type { HostConfiguration, VolumeConfiguration } from '../../src/config/schema.ts';
import { onlyVolume } from '../../src/config/volumes.ts';
import { writeHostConfiguration, writeStandbyConfiguration } from '../../src/config/write-configuration.ts';
import type { PrimaryReport } from '../../src/hosts/host-record.ts';
import { updateEvidence } from '../../src/hosts/volume-evidence.ts';
import type { ExecResult, StandbyMachine } from '../../src/machine/machine.ts';
import { readOwnershipFile } from '../../src/ownership/file-keeper.ts';
import type { OwnershipKeeper } from '../../src/ownership/keeper.ts';
import type { Owner, OwnershipCause, OwnershipRecord } from '../../src/ownership/record.ts';
import { standbyKeeper } from '../../src/ownership/standby-keeper.ts';
import { bootMomentNow } from '../../src/std/boot-moment.ts';
import { type Clock, systemClock } from '../../src/std/clock.ts';
import { SpareError } from '../../src/std/errors.ts';
import type { VolumeContext } from '../../src/steps/operation-context.ts';
import type {
  ControlRequest,
  ControlResponse,
  HostTargetStatus,
  VolumeTargetStatus,
} from '../../src/target/client/control-protocol.ts';
import type { HostTarget } from '../../src/target/host-target.ts';
import { hostFixture, standbyFixture, withVolume } from '../fixtures/configuration.ts';
import { putIntoState } from '../fixtures/host-state.ts';
import { useTemporaryDirectories } from '../fixtures/state-directories.ts';
import { publishLook } from '../fixtures/watch/publish-look.ts';
import { RecordingMachine } from './recording-machine.ts';

const LOOP = '/dev/loop0';
const OK: ExecResult = { exitCode: 0, stdout: '', stderr: '' };

const HISTORY: Record<Owner, readonly OwnershipCause[]> = {
  primary: ['created'],
  pair: ['created', 'in-sync'],
  standby: ['created', 'in-sync', 'taken-over', 'writable'],
  fill: ['created', 'in-sync', 'taken-over', 'writable', 'gone-home'],
};

/**
 * A standby in memory: the target behind a real control socket, a loop device, a mirror set and a service, which follow the
 * commands that they are given and refuse what the real ones refuse. What must never happen is an error of its own:
 * `violations`.
 */
export class TakeoverWorld {
  readonly standbyMachine: StandbyMachine & RecordingMachine;
  readonly primaryMachine = new RecordingMachine('alpha');
  host: HostConfiguration;
  standby = standbyFixture;
  readonly violations: string[] = [];
  leg = readFileSync(join(import.meta.dirname, '..', 'fixtures', 'mirror', 'insync.sb'));
  clock: Clock = systemClock;
  lastPduAt: number | null = this.clock.bootTime_ms();
  fenced = false;
  /** What the standby's power took from the leg. */
  lost: VolumeTargetStatus['lost'] = [];
  /** The mirror writes are on the disk. */
  synced = false;
  attached = false;
  arrayState: string | undefined;
  checked = false;
  /** The primary has been seen to hold nothing. */
  primaryPassive = false;
  mounted = false;
  nfs = false;
  address = false;
  /** The real target of the host, where the test has one: it says then what is lost. */
  target: HostTarget | undefined;
  /** Looks at the world in the moment in which lost writes are forgotten. */
  onAccept: () => void = () => {};
  /** The target reads the configuration. */
  onAdd: () => void = () => {};
  readonly #directories = useTemporaryDirectories();
  #server: Server | undefined;

  constructor() {
    const host = { ...hostFixture, fenceCommand: `[ "$1" = off ] && : >${this.#powerOffPath}` };
    const folder = join(this.#directories.root, 'pool', 'alpha');
    this.host = withVolume(host, { standbyLeg: { ...onlyVolume(host).standbyLeg, folder } });
    this.standbyMachine = this.#standby();
  }

  /** A host that was protected a moment ago, and the target's daemon. */
  async begin(): Promise<void> {
    writeStandbyConfiguration(standbyFixture);
    writeHostConfiguration(this.host);
    putIntoState('alpha', 'protected');
    await this.own('pair');
    this.report();
    mkdirSync(dirname(controlSocketPath()), { recursive: true });
    const server = createServer((socket) => {
      socket.on('error', () => {});
      // A client may leave before it has the answer. The lines repeat the error of their socket.
      const lines = createInterface({ input: socket }).on('error', () => {});
      lines.on('line', async (line) => {
        const result = await this.#control(JSON.parse(line) as ControlRequest);
        socket.end(`${JSON.stringify(result)}\n`);
      });
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(controlSocketPath(), resolve));
  }

  async end(): Promise<void> {
    await new Promise((resolve) => this.#server?.close(resolve));
    this.#directories.remove();
  }

  get volume(): VolumeConfiguration {
    return onlyVolume(this.host);
  }

  get context(): VolumeContext {
    return {
      host: this.host,
      volume: this.volume,
      standby: this.standby,
      standbyMachine: this.standbyMachine,
      primaryMachine: this.primaryMachine,
      ownership: this.ownership,
      clock: this.clock,
    };
  }

  /** By a keeper of the real kind. */
  get ownership(): OwnershipKeeper {
    return standbyKeeper(() => ({ alpha: this.host }), this.clock);
  }

  /** The ownership record as it is now. */
  get record(): OwnershipRecord | undefined {
    return readOwnershipFile(this.#ownershipPath);
  }

  get #ownershipPath(): string {
    return ownershipPath(this.volume.standbyLeg.folder);
  }

  /** Lets the volume have this owner, by what usually leads to it. */
  async own(owner: Owner): Promise<void> {
    rmSync(this.#ownershipPath, { force: true });
    const id = { host: 'alpha', volume: 'data' };
    let epoch: number | undefined;
    for (const cause of HISTORY[owner]) ({ epoch } = await this.ownership.change(id, epoch, cause));
  }

  /** What the watch has heard of the primary. */
  report(change: Partial<PrimaryReport> = {}): void {
    const report: PrimaryReport = {
      receivedAt: this.clock.wallTime().toISOString(),
      received: bootMomentNow(this.clock),
      arrayState: 'clean',
      standbyLegState: 'in_sync,write_mostly',
      localLegState: 'in_sync',
      syncAction: 'idle',
      sessionLoggedIn: true,
      passive: false,
      ...change,
    };
    updateEvidence('alpha', 'data', () => ({ version: 1, lastReport: report }));
  }

  get powerOff(): boolean {
    return existsSync(this.#powerOffPath);
  }

  /** Where this world may really write. */
  get root(): string {
    return this.#directories.root;
  }

  /** What a client sees. */
  get served(): boolean {
    return this.mounted && this.nfs && this.address;
  }

  get #powerOffPath(): string {
    return join(this.#directories.root, 'power-is-off');
  }

  #must(condition: boolean, violation: string): void {
    if (!condition) this.violations.push(violation);
  }

  async #control(request: ControlRequest): Promise<ControlResponse> {
    if (request.method === 'fence') {
      this.fenced = true;
    } else if (request.method === 'unfence') {
      this.#must(!this.attached && this.arrayState === undefined, 'the LUN was served while the standby held the leg');
      this.#must(this.record?.owner !== 'standby', 'the LUN was served while the standby owned the volume');
      this.fenced = false;
      this.synced = false;
    } else if (request.method === 'add') {
      this.onAdd();
    } else if (request.method === 'accept') {
      this.#must(
        !this.attached && this.arrayState === undefined,
        'lost writes were forgotten while the leg was in use',
      );
      this.lost = [];
      this.onAccept();
      await this.target?.accept(request.volume);
    }
    if (this.target) this.lost = this.target.unit('data').lost;
    const { fenced, lastPduAt, lost } = this;
    const { epoch = 0, owner = 'primary', cause = 'created' } = this.record ?? {};
    const volumes = [{ volume: 'data', lun: 1, lost, notServed: null, ownership: { epoch, owner, cause } }];
    const host = { host: 'alpha', fenced, lastPduAt, sessionHeardAt: lastPduAt, volumes } as HostTargetStatus;
    return { ok: true, result: { pid: 1, startedAt: 0, portal: '', hosts: [host] } };
  }

  #standby(): StandbyMachine & RecordingMachine {
    const machine = new RecordingMachine('standby', (argv) => this.#exec(argv));
    return Object.assign(machine, {
      arrayState: async () => this.arrayState,
      linkMirrorSet: async () => this.arrayState !== undefined,
      isBlockDevice: async () => false,
      loopsOf: async () => (this.attached ? [LOOP] : []),
      readFileBytes: async () => this.leg,
    });
  }

  #exec(argv: readonly string[]): ExecResult {
    const line = argv.join(' ');
    const refuse = (reason: string): never => {
      throw new SpareError('stepFailed', 'COMMAND_FAILED', `Cannot run '${line}': ${reason}`, {
        hint: 'see it by hand',
      });
    };
    if (line === `sync --data ${this.volume.standbyLeg.path}`) {
      this.#must(this.fenced, 'the leg was synced before its last mirror write');
      this.synced = true;
      return OK;
    }
    if (line.startsWith('losetup --find')) {
      this.#must(this.synced, 'the leg was attached with mirror writes in the page cache only');
      this.#must(
        this.fenced && (this.powerOff || this.primaryPassive),
        'the leg was attached while the primary could write to it',
      );
      this.#must(!this.attached, 'the leg was attached twice');
      this.#must(this.record?.owner === 'standby', 'the leg was attached without the record');
      this.attached = true;
      return { ...OK, stdout: `${LOOP}\n` };
    }
    // It looks a moment after it was started.
    if (line === 'systemctl restart spare-watch.service') this.clock.after(0, () => publishLook(this.clock));
    if (line.includes('--associated')) return { ...OK, stdout: this.attached ? `${LOOP}\n` : '' };
    if (line.startsWith('losetup --detach')) {
      if (this.arrayState !== undefined) refuse('device is busy');
      this.attached = false;
    } else if (line.startsWith('mdadm --assemble')) {
      if (this.arrayState !== undefined || !this.attached) refuse('busy, or no such leg');
      this.#must(line.includes('--readonly'), 'the set was started writable');
      this.arrayState = 'readonly';
    } else if (line.startsWith('mdadm --readwrite')) {
      this.#must(this.record?.written === true, 'the set was made writable without the record');
      this.arrayState = 'clean';
    } else if (line.startsWith('mdadm --stop')) {
      if (this.mounted) refuse('it is mounted');
      this.arrayState = undefined;
    } else if (line.startsWith('e2fsck')) {
      if (this.mounted) refuse('it ended with 8: is mounted');
      this.checked = true;
    } else if (argv[0]?.endsWith('/service')) {
      return this.#service(argv[1] ?? '', refuse);
    }
    return OK;
  }

  #service(verb: string, refuse: (reason: string) => never): ExecResult {
    if (verb === 'mount') {
      if (this.arrayState !== 'clean') refuse('the set does not run, or is read-only');
      this.#must(this.checked, 'it was mounted unchecked');
      this.mounted = true;
    } else if (verb === 'unmount') {
      if (this.nfs) refuse('the NFS server has it open');
      this.mounted = false;
    } else if (verb === 'nfs-stop') {
      this.nfs = false;
    } else if (verb === 'address-down') {
      this.address = false;
    } else if (verb === 'nfs-start') {
      if (!this.mounted) refuse('it is not mounted');
      this.nfs = true;
    } else if (verb === 'address-up') {
      this.#must(this.nfs, 'the address was taken before there was a server');
      this.#must(this.powerOff || this.primaryPassive, 'the address was taken from a running machine');
      this.address = true;
    }
    return { ...OK, stdout: `mounted=${this.mounted ? 'yes' : 'no'}\n` };
  }
}

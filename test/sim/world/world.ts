import { onlyVolume } from '../../../src/config/volumes.ts';
import { standbyKeeper } from '../../../src/ownership/standby-keeper.ts';
import { SpareError } from '../../../src/std/errors.ts';
import { eventText } from '../../../src/std/event.ts';
import type { ControlRequest, TargetStatus } from '../../../src/target/client/control-protocol.ts';
import { Random } from '../../fixtures/iscsi/random.ts';
import type { CommandResult, EdgeWorld, OpenCommand } from '../edge/edge-world.ts';
import type { Violation } from '../oracle.ts';
import { Story } from '../story.ts';
import type { MirrorArray } from './array.ts';
import { Client } from './client.ts';
import { configurationOf, hostConfiguration, POOL } from './configuration.ts';
import { Disk } from './disk.ts';
import { FENCE_COMMAND } from './fence-device.ts';
import { HostWorld } from './host-world.ts';
import type { Connection } from './initiator.ts';
import type { HostParts } from './machine.ts';
import { Network } from './network.ts';
import { Primary } from './primary.ts';
import { SimProcess } from './process.ts';
import { Standby } from './standby.ts';
import { StandbyClock } from './standby-clock.ts';
import { Streams } from './streams.ts';
import { Timeline } from './timeline.ts';
import { parseSsh } from './words.ts';
import type { WorldOptions } from './world-options.ts';

const POLL_ms = 200;
const UNREACHABLE: CommandResult = { exitCode: 255, stdout: '', stderr: 'Connection timed out' };
const SSH_GIVES_UP_ms = 8000;

/** Machines, disks and networks around the program, in a time of their own. */
export class World implements EdgeWorld {
  readonly random: Random;
  readonly timeline = new Timeline();
  readonly clock = new StandbyClock(this.timeline);
  readonly disk = new Disk(['/run', '/var/lib/spare', POOL]);
  readonly story = new Story(() => this.timeline.now_ms);
  readonly network: Network;
  readonly standby: Standby;
  readonly hosts = new Map<string, HostWorld>();
  readonly primaries = new Map<string, Primary>();
  readonly clients = new Map<string, Client>();
  readonly violations: Violation[] = [];
  readonly processes = new Set<SimProcess>();
  /** The target's daemon; `undefined` while it does not run. */
  serve: SimProcess | undefined;
  standbyIsOn = true;
  /** Rules that are not checked. */
  passedOver: ReadonlySet<string> = new Set();
  readonly #options: WorldOptions;
  readonly #streams: Streams;
  readonly #byAddress = new Map<string, HostWorld>();
  #version = 0;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.random = new Random(options.seed);
    this.network = new Network(this.random);
    this.#streams = new Streams(this.timeline, this.network, () => this.random.below(1000));
    this.standby = new Standby({
      now_ms: () => this.timeline.now_ms,
      arrayOptions: () => ({
        timeline: this.timeline,
        copy_ms: options.copy_ms,
        isRunning: () => this.standbyIsOn,
        onInSync: () => {},
        onDropped: () => {},
        onBroken: () => {},
      }),
      onWritable: (host) => this.#onStandbyWritable(host),
      isAddressUsed: (address) => this.#machinesWith(address).length > 0,
      onChange: (what) => this.story.tell(what),
    });
  }

  /** The hosts, each mirrored and in sync, as after their first resync. */
  build(): void {
    const configurations = this.#options.hosts.map((host, index) => hostConfiguration(host, index + 1));
    const { disk } = this;
    const hosts = Object.fromEntries(configurations.map((configuration) => [configuration.name, configuration]));
    const keeper = standbyKeeper(() => hosts, this.clock);
    disk.makeFolder('/run/spare/locks');
    disk.makeFolder('/var/lib/spare');
    disk.put('/etc/spare/config.json', Buffer.from(JSON.stringify(configurationOf(configurations))));
    disk.put('/sys/class/net/eth0/carrier', Buffer.from('1\n'));
    for (const configuration of configurations) {
      const { name } = configuration;
      const folder = `${POOL}/${name}`;
      disk.put(`${folder}/leg.img`, Buffer.alloc(1));
      const host = new HostWorld({
        configuration,
        folder,
        keeper,
        clock: this.clock,
        quietClock: this.clock.quiet(),
        timeline: this.timeline,
        report: (event) => this.story.tell(`target: ${eventText(event)}`),
        onReset: (connection) => this.#reset(name, connection),
      });
      this.hosts.set(name, host);
      this.#byAddress.set(addressOf(host), host);
      this.standby.add(configuration, host.leg);
      this.#addPrimary(host);
      this.#addClient(host);
    }
  }

  #reset(name: string, connection: Connection): void {
    this.timeline.after(this.network.delay_ms(), () => {
      if (this.network.reaches('standby', name)) this.primaries.get(name)?.initiator.reset(connection);
    });
  }

  violate(oracle: Violation['oracle'], host: string, message: string): void {
    if (this.hosts.get(host)?.isExempt || this.passedOver.has(oracle)) return;
    this.story.tell(`VIOLATION (${oracle}): ${message}`);
    this.violations.push({ oracle, host, at_s: this.timeline.now_ms / 1000, message });
  }

  startProcess(name: string): SimProcess {
    const process = new SimProcess(name, (dead) => {
      this.disk.closeAllOf(dead);
      this.processes.delete(dead);
    });
    this.processes.add(process);
    return process;
  }

  host(name: string): HostWorld {
    return this.hosts.get(name) as HostWorld;
  }

  primary(name: string): Primary {
    return this.primaries.get(name) as Primary;
  }

  // ---- The edge of the program ----

  exec(argv: readonly string[], input: string, timeout_ms: number): Promise<CommandResult | undefined> {
    if (argv[0] === 'ssh') return this.#execRemotely(argv, input, timeout_ms);
    if (argv[2] === FENCE_COMMAND) return this.#fence(argv.at(-2) ?? '', argv.at(-1) ?? '', timeout_ms);
    return this.#later((done) => {
      const started_ms = this.timeline.now_ms;
      const attempt = () => {
        const result = this.standbyIsOn ? this.standby.command(argv) : undefined;
        if (result) this.#answer(done, result);
        else if (this.timeline.now_ms - started_ms > timeout_ms) this.#answer(done, undefined);
        else this.timeline.after(POLL_ms, attempt);
      };
      this.timeline.after(this.pause_ms(), attempt);
    });
  }

  open(argv: readonly string[], onLine: (line: string) => void, onEnd: () => void): OpenCommand {
    if (argv[0] === 'ping') {
      const address = argv.at(-1) ?? '';
      const primary = [...this.primaries.values()].find(
        ({ name }) => this.host(name).configuration.ssh.address === address,
      );
      return this.#streams.ping(primary?.name ?? 'gateway', () => primary?.runs ?? true, { onLine, onEnd });
    }
    return this.#streams.report(this.primary(parseSsh(argv).host), { onLine, onEnd });
  }

  control(request: ControlRequest, timeout_ms: number): Promise<TargetStatus> {
    return this.#later((done, fail) => {
      const giveUp = () => fail(targetUnreachable(timeout_ms));
      const answer = () => {
        const hosts = [...this.hosts.values()].map(({ unit }) => unit.status());
        done({ pid: 1, startedAt: 0, portal: '', hosts });
      };
      const refuse = (error: unknown) => {
        const code = error instanceof SpareError ? error.code : 'TARGET_FAILED';
        fail(new SpareError('stepFailed', code, String(error), { hint: 'See: journalctl -u spare-serve' }));
      };
      const ask = () => {
        const { serve } = this;
        if (!serve) giveUp();
        else if (request.method === 'status') answer();
        else {
          // It may die before it answers.
          this.timeline.after(timeout_ms, giveUp, { wakes: true });
          serve.run(() => this.#obey(request)).then(answer, refuse);
        }
      };
      this.timeline.after(1 + this.random.below(20), ask, { wakes: true });
    });
  }

  readNfs(address: string, _path: string, timeout_ms: number): Promise<Buffer> {
    return this.#later((done, fail) => {
      const server = this.#servingAt(address, 'standby');
      if (server) {
        this.timeline.after(5 + this.random.below(50), () => done(Buffer.from(server.identity)), { wakes: true });
      } else {
        const error = new SpareError('unreachable', 'NFS_UNREACHABLE', `No answer from ${address}`, { hint: '' });
        this.timeline.after(timeout_ms, () => fail(error), { wakes: true });
      }
    });
  }

  arrayState(device: string): string | undefined {
    return this.standby.arrayState(device);
  }

  loopsOf(path: string): string[] {
    return this.standby.loopsOf(path);
  }

  linkMirrorSet(device: string, _leg: string): boolean {
    return this.standby.arrayState(device) !== undefined;
  }

  readLeg(path: string, offset_bytes: number, length_bytes: number): Buffer {
    const host = [...this.hosts.values()].find(
      ({ configuration }) => onlyVolume(configuration).standbyLeg.path === path,
    );
    const head = host?.leg.head(offset_bytes - 4096 + length_bytes) ?? Buffer.alloc(0);
    return head.subarray(offset_bytes - 4096);
  }

  pause_ms(limit_ms = this.#options.pause_ms): number {
    return 2 + this.random.below(limit_ms);
  }

  // ---- Inside ----

  async #obey(request: ControlRequest & { host: string }): Promise<void> {
    const { unit } = this.host(request.host);
    await unit.settle();
    const array = this.standby.hosts.get(request.host)?.parts.array;
    if (request.method === 'fence') unit.fence();
    if (request.method === 'accept') unit.accept();
    if (request.method === 'unfence') {
      if (array) this.violate('one-writer', request.host, 'the LUN is served while the standby holds its leg');
      unit.unfence();
    }
    this.story.tell(`target: ${request.method} ${request.host}`);
  }

  #execRemotely(argv: readonly string[], input: string, timeout_ms: number): Promise<CommandResult | undefined> {
    const { host, words } = parseSsh(argv);
    const primary = this.primary(host);
    return this.#later((done) => {
      const giveUp = () => {
        this.timeline.after(Math.min(SSH_GIVES_UP_ms, timeout_ms), () => done(UNREACHABLE), { wakes: true });
      };
      if (!this.network.bothWays('standby', host) || !primary.runs) {
        giveUp();
        return;
      }
      this.timeline.after(this.network.delay_ms(), () => {
        if (!primary.runs) {
          giveUp();
          return;
        }
        let isAnswered = false;
        primary.exec(words, input, timeout_ms, (result) => {
          isAnswered = true;
          if (this.network.bothWays('standby', host)) this.#answer(done, result);
          else giveUp();
        });
        this.#giveUpOnDeath(
          primary,
          () => isAnswered,
          () => done(UNREACHABLE),
        );
      });
    });
  }

  /** ssh notices that the other machine is gone. */
  #giveUpOnDeath(primary: Primary, isAnswered: () => boolean, giveUp: () => void): void {
    const look = () => {
      if (isAnswered()) return;
      if (primary.runs) this.timeline.after(SSH_GIVES_UP_ms, look);
      else this.timeline.after(1000, giveUp, { wakes: true });
    };
    this.timeline.after(SSH_GIVES_UP_ms, look);
  }

  #fence(action: string, name: string, timeout_ms: number): Promise<CommandResult | undefined> {
    const host = this.host(name);
    const primary = this.primary(name);
    return this.#later((done) => {
      if (host.fence === 'hangs') {
        this.timeline.after(timeout_ms, () => done(undefined), { wakes: true });
        return;
      }
      this.timeline.after(
        100 + this.random.below(2000),
        () => {
          if (host.fence === 'fails') return done({ exitCode: 1, stdout: '', stderr: 'no answer from the device' });
          if (host.fence === 'lies' && primary.isOn) {
            host.liedAt_ms ??= this.timeline.now_ms;
            this.story.tell(`the fence device says that ${name} is off, which is a lie`);
            return done({ exitCode: 0, stdout: 'off\n', stderr: '' });
          }
          if (action === 'off' && primary.isOn) {
            this.story.tell(`the fence device switches ${name} off`);
            primary.powerOff();
          }
          done({ exitCode: 0, stdout: primary.isOn ? 'on\n' : 'off\n', stderr: '' });
        },
        { wakes: true },
      );
    });
  }

  #later<Result>(begin: (done: (result: Result) => void, fail: (error: Error) => void) => void): Promise<Result> {
    return new Promise((resolve, reject) => begin(resolve, reject));
  }

  #answer<Result>(done: (result: Result) => void, result: Result): void {
    this.timeline.after(this.pause_ms(), () => done(result), { wakes: true });
  }

  #addPrimary(host: HostWorld): void {
    const { configuration } = host;
    const { name } = configuration;
    const primary = new Primary({
      timeline: this.timeline,
      configuration,
      port: host.port(this.network, () => this.serve !== undefined),
      copy_ms: this.#options.copy_ms,
      onInSync: (leg) => this.#onPrimaryLeg(name, leg.side),
      onChange: (what) => this.story.tell(what),
      pause_ms: (limit_ms) => this.pause_ms(limit_ms),
    });
    this.primaries.set(name, primary);
  }

  #addClient(host: HostWorld): void {
    const { name } = host.configuration;
    const address = addressOf(host);
    const client = new Client({
      timeline: this.timeline,
      ledger: host.ledger,
      below: (limit) => this.random.below(limit),
      nextVersion: () => ++this.#version,
      serving: () => this.#servingAt(address, 'clients')?.array,
      onAcknowledged: () => this.#onAcknowledged(host),
      hears: () => this.#servingAt(address, 'clients') !== undefined,
    });
    this.clients.set(name, client);
  }

  /** Nobody goes on alone unsaid. */
  #onAcknowledged(host: HostWorld): void {
    const record = host.unit.running?.record;
    // What the target knows of the record may be a second old.
    if (record && record.owner !== 'pair' && record.epoch > (host.unannouncedIn ?? 0)) host.unannouncedIn = undefined;
    if (record?.owner !== 'pair' || host.unannouncedIn !== undefined) return;
    const missing = host.ledger.missing(host.leg);
    if (missing.length === 0) return;
    const message = `a write is acknowledged that the standby leg lacks (blocks ${missing.join(', ')}), and the record says pair`;
    this.violate('false-green', host.configuration.name, message);
  }

  /** A leg has become part of what the primary serves. */
  #onPrimaryLeg(name: string, side: 'local' | 'standby'): void {
    const host = this.host(name);
    const primary = this.primary(name);
    const { array } = primary.parts;
    const missing = host.ledger.missing(primary.legOf(side));
    if (missing.length > 0)
      this.violate(
        'stale-leg',
        name,
        `the ${side} leg lacks acknowledged writes (blocks ${missing.join(', ')}) and is in sync in the primary's array`,
      );
    else if (array && array.inSyncLegs().length === 1) host.ledger.adopt(primary.legOf(side));
    this.checkOneWriter(name);
  }

  #onStandbyWritable(name: string): void {
    const host = this.host(name);
    if (host.liedAt_ms !== undefined) host.isExempt = host.unit.heardAt_ms <= host.liedAt_ms;
    const missing = host.ledger.missing(host.leg);
    const isUnknowable = host.unannouncedIn !== undefined;
    if (missing.length > 0 && isUnknowable) this.story.tell(`the standby can't know that the leg of ${name} is stale`);
    else if (missing.length > 0 && !host.isLossAllowed) {
      this.violate(
        'stale-leg',
        name,
        `the standby leg lacks acknowledged writes (blocks ${missing.join(', ')}) and is brought into service`,
      );
    }
    host.ledger.adopt(host.leg);
    const primary = this.primary(name);
    if (primary.isOn && primary.parts.array)
      this.violate('one-writer', name, 'the leg becomes writable on the standby while the array runs on the primary');
  }

  checkOneWriter(name: string): void {
    const primary = this.primary(name);
    const there = this.standby.hosts.get(name)?.parts;
    if (!primary.isOn || !there) return;
    if (there.array && !there.array.readonly && primary.parts.array)
      this.violate('one-writer', name, 'the volume is writable on both machines');
    if (there.service.address && primary.parts.service.address)
      this.violate('one-writer', name, 'both machines have the service address');
  }

  #machinesWith(address: string): { node: string; parts: HostParts; identity: string }[] {
    const host = this.#byAddress.get(address);
    if (!host) return [];
    const { name, volumes } = host.configuration;
    const identity = volumes[0]?.identity ?? '';
    const primary = this.primary(name);
    const there = this.standby.hosts.get(name)?.parts;
    return [
      ...(primary.runs && primary.parts.service.address ? [{ node: name, parts: primary.parts, identity }] : []),
      ...(there && this.standbyIsOn && there.service.address ? [{ node: 'standby', parts: there, identity }] : []),
    ];
  }

  #servingAt(address: string, from: string): { array: MirrorArray; identity: string } | undefined {
    const reached = this.#machinesWith(address)
      .filter(({ node }) => node === from || this.network.bothWays(from, node))
      .toSorted((a, b) => b.parts.service.announcedAt_ms - a.parts.service.announcedAt_ms)[0];
    const { array } = reached?.parts ?? {};
    return reached?.parts.service.serves && array ? { array, identity: reached.identity } : undefined;
  }
}

function targetUnreachable(timeout_ms: number): SpareError {
  return new SpareError('unreachable', 'TARGET_UNREACHABLE', `No answer within ${timeout_ms} ms`, {
    hint: 'Run: systemctl start spare-serve',
  });
}

function addressOf({ configuration }: HostWorld): string {
  return configuration.service.address.replace(/\/.*$/, '');
}

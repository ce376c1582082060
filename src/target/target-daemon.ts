import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { readConfiguration, readHostConfiguration } from '../config/configuration.ts';
import { heardPath, hostFolder, paths } from '../config/paths.ts';
import type { Configuration, HostConfiguration, VolumeConfiguration } from '../config/schema.ts';
import type { LoginNames } from '../iscsi/first-login.ts';
import { type Clock, systemClock } from '../std/clock.ts';
import { SpareError } from '../std/errors.ts';
import { type EventLog, eventOf } from '../std/event.ts';
import { within } from '../std/within.ts';
import type { ControlRequest, TargetStatus } from './client/control-protocol.ts';
import { FailureNote } from './failure-note.ts';
import { HostProcess } from './host-process.ts';
import { listenOrExplain } from './listen.ts';
import { CLOSE_MS, ServedHost } from './served-host.ts';
import { SharedPortal } from './shared-portal.ts';
import { writeStrippedProgram } from './stripped-program.ts';

/** Twenty hosts flushing to one disk take a while; the unit allows 60 s for the whole shutdown. A process killed then is resynced after a restart of the machine. */
const ORDERLY_END_MS = 35_000;

/** The target as a daemon: one portal, one process per configured host, controlled by requests. */
export class TargetDaemon {
  readonly #standby: Configuration['standby'];
  readonly #hosts = new Map<string, ServedHost>();
  /** By host and volume. */
  readonly #notes = new Map<string, Map<string, FailureNote>>();
  /** Serves initiators that name no enrolled host. A process like the others, so that response times do not reveal which names exist. */
  readonly #strangers: HostProcess;
  readonly #report: EventLog;
  readonly #runtime = paths().runtime;
  readonly #program = join(this.#runtime, 'program.json');
  readonly #startedAt: number;
  readonly #clock: Clock;
  readonly #portal: SharedPortal;
  #address = '';
  /** Control requests for one host run one after the other; a host whose disk hangs does not delay others. */
  readonly #last = new Map<string, Promise<unknown>>();

  constructor(configuration: Configuration, report: EventLog, clock: Clock = systemClock) {
    this.#clock = clock;
    this.#startedAt = clock.bootTime_ms();
    this.#standby = configuration.standby;
    this.#report = report;
    writeStrippedProgram(this.#program);
    for (const host of Object.values(configuration.hosts)) this.#serve(host);
    this.#strangers = new HostProcess({ configuration: undefined, folder: '', program: this.#program, report, clock });
    const { address, port } = this.#standby.portal;
    this.#portal = new SharedPortal({
      address,
      port,
      clock,
      handOver: (socket, received, names) => this.#processOf(names).adopt(socket, received),
    });
  }

  /** Starts accepting connections; returns the portal's address. */
  async listen(): Promise<string> {
    this.#address = await listenOrExplain(this.#portal.portal, this.#standby.portal);
    return this.#address;
  }

  /** Performs one request after the earlier ones. */
  perform(request: ControlRequest): Promise<TargetStatus> {
    if (request.method === 'status') return this.#status();
    const last = this.#last.get(request.host) ?? Promise.resolve();
    const result = last.then(async () => {
      await this.#change(request);
      this.#report(eventOf('control', { host: request.host, facts: { method: request.method } }));
      return this.#status();
    });
    const settled = result.catch(() => {});
    this.#last.set(request.host, settled);
    return result;
  }

  /** Ends everything in an orderly way: all acknowledged writes are flushed. */
  async close(): Promise<void> {
    this.#portal.close();
    const hosts = [...this.#hosts.values()].map(async (host) => {
      // Requests in progress may finish, but a host whose disk hangs must not use up the others' time to flush.
      await within(CLOSE_MS, this.#last.get(host.configuration.name), this.#clock);
      await host.end(ORDERLY_END_MS);
    });
    await Promise.all([...hosts, this.#strangers.end(ORDERLY_END_MS)]);
  }

  async #change(request: Exclude<ControlRequest, { method: 'status' }>): Promise<void> {
    const known = this.#hosts.get(request.host);
    switch (request.method) {
      case 'add':
        return this.#add(request.host);
      case 'close':
        this.#hosts.delete(request.host);
        await known?.end(CLOSE_MS);
        for (const note of this.#notes.get(request.host)?.values() ?? []) note.remove();
        rmSync(heardPath(this.#runtime, request.host), { force: true });
        return this.#tellNeighbours();
      case 'fence':
        return (known ?? this.#serve(readHostConfiguration(request.host))).fence();
      case 'unfence':
        return (known ?? this.#serve(readHostConfiguration(request.host))).unfence();
      case 'accept':
        return (known ?? this.#serve(readHostConfiguration(request.host))).accept(request.volume);
      default:
        throw new SpareError('usage', 'UNKNOWN_METHOD', 'Unknown control request', {
          hint: 'The daemon may have another version than this command. Run: systemctl restart spare-serve',
        });
    }
  }

  /** A host that is already served with the same configuration is not interrupted. */
  async #add(name: string): Promise<void> {
    const configuration = readHostConfiguration(name);
    const known = this.#hosts.get(name);
    if (known && isServedAlike(known.configuration, configuration)) {
      known.lease_s = configuration.replacementTimeout_s;
      return known.open();
    }
    await known?.end(CLOSE_MS);
    await this.#serve(configuration).open();
  }

  #serve(configuration: HostConfiguration): ServedHost {
    const { name } = configuration;
    const folder = hostFolder(this.#standby.poolDirectory, name);
    const noteOf = (volume: string) => this.#noteOf(name, volume);
    const parts = {
      heardPath: this.#heardPath(name),
      program: this.#program,
      report: this.#report,
      noteOf,
      clock: this.#clock,
    };
    const host = new ServedHost({ configuration, folder, ...parts });
    this.#hosts.set(name, host);
    this.#tellNeighbours();
    return host;
  }

  #heardPath(host: string): string {
    const path = heardPath(this.#runtime, host);
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    } catch {
      // As with a file that cannot be written: the lease of a host ends with its process.
    }
    return path;
  }

  /** It outlives the host's process, and the object that stands for it here. */
  #noteOf(host: string, volume: string): FailureNote {
    const notes = this.#notes.get(host) ?? new Map<string, FailureNote>();
    const note = notes.get(volume) ?? new FailureNote(this.#runtime, host, volume, this.#report, this.#clock);
    this.#notes.set(host, notes.set(volume, note));
    return note;
  }

  #tellNeighbours(): void {
    for (const host of this.#hosts.values()) host.neighbours = this.#hosts.size;
  }

  #processOf({ targetName, initiatorName }: LoginNames): { adopt: HostProcess['adopt'] } {
    const hosts = [...this.#hosts.values()];
    const isMeant = ({ configuration: { target } }: ServedHost) =>
      targetName === undefined ? target.initiatorName === initiatorName : target.iqn === targetName;
    return hosts.find(isMeant) ?? this.#strangers;
  }

  async #status(): Promise<TargetStatus> {
    const hosts = await Promise.all([...this.#hosts.values()].map((host) => host.status()));
    return { pid: process.pid, startedAt: this.#startedAt, portal: this.#address, hosts };
  }
}

/** Whether both mean the same to the target. */
function isServedAlike(one: HostConfiguration, other: HostConfiguration): boolean {
  return (
    isDeepStrictEqual(one.target, other.target) &&
    isDeepStrictEqual(one.volumes.map(servedPart), other.volumes.map(servedPart))
  );
}

function servedPart({ name, lun, standbyLeg }: VolumeConfiguration): Partial<VolumeConfiguration> {
  return { name, lun, standbyLeg };
}

/** Starts the daemon with this machine's configuration. */
export async function startTargetDaemon(
  report: EventLog,
  clock: Clock,
): Promise<{ daemon: TargetDaemon; portal: string }> {
  const daemon = new TargetDaemon(readConfiguration(), report, clock);
  try {
    return { daemon, portal: await daemon.listen() };
  } catch (error) {
    // Otherwise its processes would keep this one and the legs' locks alive for ever.
    await daemon.close();
    throw error;
  }
}

import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { readConfiguration, readHostConfiguration } from '../config/configuration.ts';
import { hostFolder, paths } from '../config/paths.ts';
import type { Configuration, HostConfiguration, VolumeConfiguration } from '../config/schema.ts';
import type { LoginNames } from '../iscsi/first-login.ts';
import { SpareError } from '../std/errors.ts';
import { type EventLog, eventOf } from '../std/event.ts';
import type { ControlRequest, TargetStatus } from './control-protocol.ts';
import { FailureNote } from './failure-note.ts';
import { HostProcess } from './host-process.ts';
import { listenOrExplain } from './listen.ts';
import { CLOSE_MS, ServedHost } from './served-host.ts';
import { SharedPortal } from './shared-portal.ts';
import { writeStrippedProgram } from './stripped-program.ts';

/** Twenty hosts that flush to one disk take their time; the unit allows 60 s for all of it, with what is waited for before and after. Who is killed is copied again after a restart of the machine. */
const ORDERLY_END_MS = 35_000;

/** The target as a daemon: one portal, one process for each host of the configuration, steered by control requests. */
export class TargetDaemon {
  readonly #standby: Configuration['standby'];
  readonly #hosts = new Map<string, ServedHost>();
  readonly #notes = new Map<string, FailureNote>();
  /** Takes who names no host of ours. A process like the others, so that nobody can tell by the time that it takes which names exist. */
  readonly #strangers: HostProcess;
  readonly #report: EventLog;
  readonly #runtime = paths().runtime;
  readonly #program = join(this.#runtime, 'program.json');
  readonly #startedAt = Date.now();
  readonly #portal: SharedPortal;
  #address = '';
  /** Control requests of one host come one after the other; a host whose disk hangs holds up no other. */
  readonly #last = new Map<string, Promise<unknown>>();

  constructor(configuration: Configuration, report: EventLog) {
    this.#standby = configuration.standby;
    this.#report = report;
    writeStrippedProgram(this.#program);
    for (const host of Object.values(configuration.hosts)) this.#serve(host);
    this.#strangers = new HostProcess({ configuration: undefined, folder: '', program: this.#program, report });
    const { address, port } = this.#standby.portal;
    this.#portal = new SharedPortal({
      address,
      port,
      handOver: (socket, received, names) => this.#processOf(names).adopt(socket, received),
    });
  }

  /** Begins to accept connections; the portal's address. */
  async listen(): Promise<string> {
    this.#address = await listenOrExplain(this.#portal.portal, this.#standby.portal);
    return this.#address;
  }

  /** Performs one request after those that came before. */
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

  /** Ends everything in order: what initiators were told is written is written. */
  async close(): Promise<void> {
    this.#portal.close();
    const hosts = [...this.#hosts.values()].map(async (host) => {
      // What was begun may finish, but one host whose disk hangs must not take the others' time to flush.
      await Promise.race([this.#last.get(host.configuration.name), pause(CLOSE_MS, undefined, { ref: false })]);
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
        this.#noteOf(request.host).remove();
        return this.#tellNeighbours();
      case 'fence':
        return (known ?? this.#serve(readHostConfiguration(request.host))).fence();
      case 'unfence':
        return (known ?? this.#serve(readHostConfiguration(request.host))).unfence();
      case 'accept':
        return (known ?? this.#serve(readHostConfiguration(request.host))).accept();
      default:
        throw new SpareError('usage', 'UNKNOWN_METHOD', 'Cannot do what the control request asks for', {
          hint: 'The daemon may be of another version than this command: restart it',
        });
    }
  }

  /** What is served with the same configuration already goes on undisturbed. */
  async #add(name: string): Promise<void> {
    const configuration = readHostConfiguration(name);
    const known = this.#hosts.get(name);
    if (known && isServedAlike(known.configuration, configuration)) return known.open();
    await known?.end(CLOSE_MS);
    await this.#serve(configuration).open();
  }

  #serve(configuration: HostConfiguration): ServedHost {
    const { name } = configuration;
    const folder = hostFolder(this.#standby.poolDirectory, name);
    const parts = { program: this.#program, report: this.#report, note: this.#noteOf(name) };
    const host = new ServedHost({ configuration, folder, ...parts });
    this.#hosts.set(name, host);
    this.#tellNeighbours();
    return host;
  }

  #noteOf(host: string): FailureNote {
    const note = this.#notes.get(host) ?? new FailureNote(this.#runtime, host, this.#report);
    this.#notes.set(host, note);
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

/** Whether the target has the same to do for both. */
function isServedAlike(one: HostConfiguration, other: HostConfiguration): boolean {
  return (
    isDeepStrictEqual(one.target, other.target) &&
    isDeepStrictEqual(one.volumes.map(servedPart), other.volumes.map(servedPart))
  );
}

function servedPart({ name, lun, standbyLeg }: VolumeConfiguration): Partial<VolumeConfiguration> {
  return { name, lun, standbyLeg };
}

/** The daemon for the configuration of this machine, accepting connections. */
export async function startTargetDaemon(report: EventLog): Promise<{ daemon: TargetDaemon; portal: string }> {
  const daemon = new TargetDaemon(readConfiguration(), report);
  try {
    return { daemon, portal: await daemon.listen() };
  } catch (error) {
    // Its processes would keep this one, and the legs' locks, for ever.
    await daemon.close();
    throw error;
  }
}

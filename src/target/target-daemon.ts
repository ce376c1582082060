import { isDeepStrictEqual } from 'node:util';
import { readConfiguration, readHostConfiguration } from '../config/configuration.ts';
import type { Configuration } from '../config/schema.ts';
import { Portal } from '../iscsi/portal.ts';
import type { Target, TargetDirectory } from '../iscsi/target.ts';
import { SpareError } from '../std/errors.ts';
import type { ControlRequest, TargetStatus } from './control-protocol.ts';
import type { ServeEvent } from './event-log.ts';
import { HostTarget } from './host-target.ts';
import { listenOrExplain } from './listen.ts';

/** An idle session is pinged after so long: "last PDU" stays a fresh proof of life. */
const PING_INTERVAL_MS = 1_000;

/** What initiators are told to wait after an orderly end: about what a restart takes. */
const TIME_TO_WAIT_S = 2;

/** The target as a daemon: one portal, one target for each host of the configuration, steered by control requests. */
export class TargetDaemon implements TargetDirectory {
  /** Every host has a secret: who does not give a known name has to try in vain like everybody else. */
  readonly authenticationRequired = true;
  readonly #standby: Configuration['standby'];
  readonly #hosts = new Map<string, HostTarget>();
  readonly #report: (event: ServeEvent) => void;
  readonly #startedAt = Date.now();
  readonly #portal: Portal;
  #address = '';
  /** Control requests of one host come one after the other; a host whose disk hangs holds up no other. */
  readonly #last = new Map<string, Promise<unknown>>();

  constructor(configuration: Configuration, report: (event: ServeEvent) => void) {
    this.#standby = configuration.standby;
    this.#report = report;
    const { address, port } = this.#standby.portal;
    this.#portal = new Portal({ address, port, directory: this, pingInterval_ms: PING_INTERVAL_MS, report });
    for (const host of Object.values(configuration.hosts)) {
      const hostTarget = new HostTarget(host, this.#standby.poolDirectory);
      this.#hosts.set(host.name, hostTarget);
      this.#tryOpen(hostTarget);
    }
  }

  /** Begins to accept connections; the portal's address. */
  async listen(): Promise<string> {
    this.#address = await listenOrExplain(this.#portal, this.#standby.portal);
    return this.#address;
  }

  find(targetName: string): Target | undefined {
    return this.#targets().find(({ name }) => name === targetName);
  }

  visibleTo(initiatorName: string): Target | undefined {
    return this.#targets().find((target) => target.initiatorName === initiatorName);
  }

  /** Performs one request after those that came before. */
  perform(request: ControlRequest): Promise<TargetStatus> {
    if (request.method === 'status') return Promise.resolve(this.#status());
    const last = this.#last.get(request.host) ?? Promise.resolve();
    const result = last.then(async () => {
      await this.#change(request);
      this.#report({ event: 'control', method: request.method, host: request.host });
      return this.#status();
    });
    const settled = result.catch(() => {});
    this.#last.set(request.host, settled);
    return result;
  }

  /** Ends everything in order: what initiators were told is written is written. */
  async close(): Promise<void> {
    this.#portal.announceDrop(TIME_TO_WAIT_S);
    this.#portal.close();
    await Promise.all(this.#last.values());
    await Promise.all([...this.#hosts.values()].map((host) => host.close('the daemon ends')));
  }

  async #change(request: Exclude<ControlRequest, { method: 'status' }>): Promise<void> {
    const known = this.#hosts.get(request.host);
    switch (request.method) {
      case 'add':
        return this.#add(request.host);
      case 'close':
        this.#hosts.delete(request.host);
        return known?.close('closed');
      case 'fence':
        return (known ?? this.#configured(request.host)).fence();
      case 'unfence':
        return (known ?? this.#configured(request.host)).unfence();
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
    if (known && isDeepStrictEqual(known.configuration.target, configuration.target)) {
      known.open();
      return;
    }
    await known?.close('configured anew');
    this.#configured(name).open();
  }

  #configured(name: string): HostTarget {
    const host = new HostTarget(readHostConfiguration(name), this.#standby.poolDirectory);
    this.#hosts.set(name, host);
    return host;
  }

  /** A host whose disk is missing must not keep the others from being served. */
  #tryOpen(host: HostTarget): void {
    try {
      host.open();
    } catch (error) {
      this.#report({ event: 'not-served', host: host.configuration.name, error: String(error) });
    }
  }

  #targets(): Target[] {
    return [...this.#hosts.values()].map(({ target }) => target);
  }

  #status(): TargetStatus {
    const hosts = [...this.#hosts.values()].map((host) => host.status());
    return { pid: process.pid, startedAt: this.#startedAt, portal: this.#address, hosts };
  }
}

/** The daemon for the configuration of this machine, accepting connections. */
export async function startTargetDaemon(
  report: (event: ServeEvent) => void,
): Promise<{ daemon: TargetDaemon; portal: string }> {
  const daemon = new TargetDaemon(readConfiguration(), report);
  return { daemon, portal: await daemon.listen() };
}

import { createServer, type Server, type Socket } from 'node:net';
import { BusyPoll } from './busy-poll.ts';
import { ByteBudget } from './byte-budget.ts';
import { Connection, type ConnectionContext, type TargetEvent } from './connection.ts';
import { LIMITS } from './limits.ts';
import { SocketOutlet } from './socket-outlet.ts';
import type { TargetDirectory } from './target.ts';

const TICK_MS = 1_000;

export interface PortalOptions {
  address: string;
  port: number;
  directory: TargetDirectory;
  /** Idle sessions are pinged after so long, and dropped when silent for `LIMITS.silence_ms`; `undefined`: neither. */
  pingInterval_ms: number | undefined;
  report(event: TargetEvent): void;
}

/** A network portal (RFC 7143 §4.4): accepts connections and moves their bytes. The only place that knows sockets. */
export class Portal {
  readonly #options: PortalOptions;
  readonly #context: ConnectionContext;
  readonly #server: Server;
  readonly #connections = new Map<Socket, Connection>();
  readonly #busyPoll = new BusyPoll();
  #ticker: NodeJS.Timeout | undefined;

  constructor(options: PortalOptions) {
    this.#options = options;
    this.#context = {
      directory: options.directory,
      sharedBudget: new ByteBudget(LIMITS.allData_bytes),
      pingInterval_ms: options.pingInterval_ms,
      report: options.report,
    };
    this.#server = createServer({ noDelay: true, allowHalfOpen: false }, (socket) => this.#accept(socket));
  }

  /** Resolves when connections are accepted, with the address in the form `host:port`. Rejects with Node's error (`EADDRINUSE`, …). */
  async listen(): Promise<string> {
    const { address, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host: address, port }, () => resolve());
    });
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
    const bound = this.#server.address();
    if (bound === null || typeof bound === 'string') throw new Error('Cannot tell where the portal listens');
    return formatAddress(bound.address, bound.port);
  }

  /** Announces the end to all initiators; they may come back after `timeToWait_s`. */
  announceDrop(timeToWait_s: number): void {
    for (const connection of this.#connections.values()) connection.announceDrop(timeToWait_s);
  }

  /** Accepts no more connections, and drops those that are there. */
  close(): void {
    clearInterval(this.#ticker);
    this.#server.close();
    for (const socket of this.#connections.keys()) new SocketOutlet(socket).end();
  }

  #accept(socket: Socket): void {
    this.#makeRoom();
    if (this.#connections.size >= LIMITS.connections) {
      socket.destroy();
      return;
    }
    socket.setKeepAlive(true, LIMITS.silence_ms);
    const addresses = {
      local: formatAddress(socket.localAddress ?? '', socket.localPort ?? 0),
      remote: formatAddress(socket.remoteAddress ?? '', socket.remotePort ?? 0),
    };
    const outlet = new SocketOutlet(socket, () => this.#busyPoll.answered(performance.now()));
    const connection = new Connection(this.#context, outlet, addresses, Date.now());
    this.#connections.set(socket, connection);
    socket.on('data', (chunk: Buffer) => {
      const arrived_ms = performance.now();
      connection.push(chunk, Date.now());
      this.#busyPoll.received(arrived_ms, performance.now());
    });
    // The 'close' that follows does what is to be done.
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#connections.delete(socket);
      connection.closed();
    });
  }

  /**
   * Drops the oldest connection that has not finished its login, where there are too many of them. A login takes milliseconds:
   * connections that say nothing can't keep an initiator out, as they could if the newest one were turned away.
   */
  #makeRoom(): void {
    const inLogin = [...this.#connections].filter(([, connection]) => !connection.loggedIn);
    const [oldest] = inLogin;
    if (!oldest || inLogin.length < LIMITS.connectionsInLogin) return;
    const [socket] = oldest;
    // Its 'close' comes later, and others may be accepted before.
    this.#connections.delete(socket);
    socket.destroy();
  }

  #tick(): void {
    const now = Date.now();
    for (const connection of this.#connections.values()) connection.tick(now);
  }
}

/** `address:port`, with brackets around IPv6. */
export function formatAddress(address: string, port: number): string {
  const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
  return plain.includes(':') ? `[${plain}]:${port}` : `${plain}:${port}`;
}

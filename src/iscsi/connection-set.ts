import type { Socket } from 'node:net';
import { BufferPool } from '../std/buffer-pool.ts';
import { type Clock, monotonic_ms, systemClock, type Timer } from '../std/clock.ts';
import type { EventLog } from '../std/event.ts';
import { BusyPoll } from './busy-poll.ts';
import { ByteBudget } from './byte-budget.ts';
import { Connection, type ConnectionContext } from './connection.ts';
import { LIMITS } from './limits.ts';
import { readSocket } from './read-socket.ts';
import { SocketOutlet } from './socket-outlet.ts';
import type { TargetDirectory } from './target-directory.ts';
import { Turns } from './turns.ts';

const TICK_MS = 1_000;
/** How long dropped initiators should wait: about the time of a restart. */
const TIME_TO_WAIT_S = 2;
/** The largest read: much data in few calls, and small enough for a processor's cache. */
const READ_BYTES = 256 * 1024;
const NOTHING: Buffer = Buffer.alloc(0);

export interface ConnectionSetOptions {
  directory: TargetDirectory;
  /** Idle sessions are pinged after this time, and dropped after `LIMITS.silence_ms` without an answer; `undefined`: neither. */
  pingInterval_ms: number | undefined;
  report: EventLog;
  /** @default systemClock */
  clock?: Clock;
}

/** The connections of a process: moves their bytes and drives their timers. */
export class ConnectionSet {
  /** Data of outstanding commands in all sessions. */
  readonly budget = new ByteBudget(LIMITS.allData_bytes);
  readonly busyPoll = new BusyPoll();
  readonly #context: ConnectionContext;
  readonly #turns: Turns;
  /** The buffer into which sockets are read. */
  readonly #memory = Buffer.allocUnsafeSlow(READ_BYTES);
  readonly #connections = new Map<Socket, Connection>();
  readonly #ticker: Timer;
  readonly #clock: Clock;
  /** Called when the last connection is gone. */
  #whenGone = (): void => {};

  constructor({ directory, pingInterval_ms, report, clock = systemClock }: ConnectionSetOptions) {
    this.#clock = clock;
    const buffers = new BufferPool();
    this.#context = { directory, sharedBudget: this.budget, buffers, pingInterval_ms, report };
    this.#turns = new Turns({ pool: buffers, sent: () => this.busyPoll.answered(monotonic_ms()) });
    this.#ticker = clock.every(TICK_MS, () => this.#tick()).unref();
  }

  /** Serves a socket from now on. `received` holds the bytes that were already read from it. */
  adopt(accepted: Socket, received: Buffer = NOTHING): void {
    // Its peer has disconnected in the meantime; no further event would report that.
    if (accepted.destroyed) return;
    this.#makeRoom();
    if (this.#connections.size >= LIMITS.connections) {
      accepted.destroy();
      return;
    }
    // Bytes that arrived without a listener: a socket from another process may have waited a while.
    const early: Buffer | null = accepted.read();
    const take = (chunk: Buffer): void => {
      const begun_ms = monotonic_ms();
      connection.push(chunk, this.#clock.bootTime_ms());
      this.busyPoll.received(begun_ms, monotonic_ms());
    };
    const socket = readSocket(accepted, this.#memory, (chunk) => this.#turns.received(chunk, take));
    socket.setKeepAlive(true, LIMITS.silence_ms);
    const addresses = {
      local: formatAddress(socket.localAddress ?? '', socket.localPort ?? 0),
      remote: formatAddress(socket.remoteAddress ?? '', socket.remotePort ?? 0),
    };
    const outlet = new SocketOutlet(socket, this.#context.buffers, this.#turns, this.#clock);
    const connection = new Connection(this.#context, outlet, addresses, this.#clock.bootTime_ms());
    this.#connections.set(socket, connection);
    // The 'close' event that follows does the rest.
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#connections.delete(socket);
      // Everything it sent before closing has arrived.
      this.#turns.workOff();
      connection.closed();
      if (this.#connections.size === 0) this.#whenGone();
    });
    for (const bytes of [received, early ?? NOTHING]) connection.push(bytes, this.#clock.bootTime_ms());
  }

  /**
   * Orderly shutdown, once no more connections are accepted: asks the initiators to log out (RFC 7143 §11.9.1), and drops those that
   * have not done so within `LIMITS.askedLogout_ms`. Resolves when all are gone or notified.
   */
  async close(): Promise<void> {
    for (const [socket, connection] of this.#connections) {
      if (connection.loggedIn) connection.requestLogout(LIMITS.askedLogout_ms / 1_000);
      else socket.destroy();
    }
    await this.#everybodyGone(LIMITS.askedLogout_ms);
    this.#ticker.stop();
    for (const connection of this.#connections.values()) {
      connection.announceDrop(TIME_TO_WAIT_S);
      connection.end();
    }
  }

  #everybodyGone(limit_ms: number): Promise<void> {
    if (this.#connections.size === 0) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#clock.after(limit_ms, resolve);
    this.#whenGone = () => {
      timer.stop();
      resolve();
    };
    return promise;
  }

  /**
   * If too many connections have not finished their login, drops the oldest of them. A login takes milliseconds, so silent connections
   * cannot keep an initiator out, as they could if the newest one were refused.
   */
  #makeRoom(): void {
    const inLogin = [...this.#connections].filter(([, connection]) => !connection.loggedIn);
    const [oldest] = inLogin;
    if (!oldest || inLogin.length < LIMITS.connectionsInLogin) return;
    const [socket] = oldest;
    // Its 'close' event comes later, and others may be adopted before that.
    this.#connections.delete(socket);
    socket.destroy();
  }

  #tick(): void {
    const now = this.#clock.bootTime_ms();
    for (const connection of this.#connections.values()) connection.tick(now);
  }
}

/** `address:port`, with brackets around IPv6. */
export function formatAddress(address: string, port: number): string {
  const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
  return plain.includes(':') ? `[${plain}]:${port}` : `${plain}:${port}`;
}

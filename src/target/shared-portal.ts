import type { Socket } from 'node:net';
import { FirstLogin, type LoginNames } from '../iscsi/first-login.ts';
import { LIMITS } from '../iscsi/limits.ts';
import { Portal } from '../iscsi/portal.ts';
import type { Clock } from '../std/clock.ts';

export interface SharedPortalOptions {
  address: string;
  port: number;
  /** Takes a connection over, with the bytes already read from it. */
  handOver(socket: Socket, received: Buffer, names: LoginNames): void;
  clock: Clock;
}

/**
 * The portal shared by all hosts' processes. It reads the first login request of a connection to see which host it names, then
 * hands the connection over: neither secrets nor data pass through it.
 */
export class SharedPortal {
  readonly portal: Portal;
  readonly #handOver: SharedPortalOptions['handOver'];
  readonly #clock: Clock;
  /** Connections whose first request has not arrived yet, oldest first. */
  readonly #nameless = new Set<Socket>();

  constructor({ address, port, handOver, clock }: SharedPortalOptions) {
    this.#clock = clock;
    this.#handOver = handOver;
    // The smallest buffer possible: bytes put back into it stop Node from reading on (`#give`).
    this.portal = new Portal({ address, port, readAhead_bytes: 1, accept: (socket) => this.#accept(socket) });
  }

  close(): void {
    this.portal.close();
    for (const socket of this.#nameless) socket.destroy();
  }

  #accept(socket: Socket): void {
    const [oldest] = this.#nameless;
    // Silent connections must not keep an initiator out: the oldest is dropped, not the newest refused.
    if (oldest && this.#nameless.size >= LIMITS.connectionsInLogin) this.#forget(oldest);
    this.#nameless.add(socket);
    const first = new FirstLogin();
    const tooLate = this.#clock.after(LIMITS.login_ms, () => this.#forget(socket));
    const take = (chunk: Buffer): void => {
      const names = first.push(chunk);
      if (!names) return;
      tooLate.stop();
      socket.off('data', take);
      this.#nameless.delete(socket);
      this.#give(socket, first.received, names);
    };
    socket.on('data', take);
    socket.on('error', () => {});
    socket.on('close', () => {
      tooLate.stop();
      this.#nameless.delete(socket);
    });
  }

  /**
   * A socket must not be read here while it is being handed over, or bytes are lost. After this turn Node no longer reads a paused
   * socket whose buffer is full. So the received bytes are put back, and the socket is handed over in the next turn.
   */
  #give(socket: Socket, received: Buffer, names: LoginNames): void {
    socket.pause();
    socket.unshift(received);
    setImmediate(() => {
      if (!socket.destroyed) this.#handOver(socket, received, names);
    });
  }

  #forget(socket: Socket): void {
    this.#nameless.delete(socket);
    socket.destroy();
  }
}

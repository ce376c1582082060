import type { Socket } from 'node:net';
import { FirstLogin, type LoginNames } from '../iscsi/first-login.ts';
import { LIMITS } from '../iscsi/limits.ts';
import { Portal } from '../iscsi/portal.ts';

export interface SharedPortalOptions {
  address: string;
  port: number;
  /** Takes a connection over, with what was read from it. */
  handOver(socket: Socket, received: Buffer, names: LoginNames): void;
}

/**
 * The one portal of all hosts' processes. It reads the first login request of a connection, to see whose it is, and gives the connection away:
 * neither a secret nor a byte of data passes through it.
 */
export class SharedPortal {
  readonly portal: Portal;
  readonly #handOver: SharedPortalOptions['handOver'];
  /** Connections whose first request is not there yet, the oldest first. */
  readonly #nameless = new Set<Socket>();

  constructor({ address, port, handOver }: SharedPortalOptions) {
    this.#handOver = handOver;
    // The smallest buffer there is: what is put back into it stops Node from reading on (`#give`).
    this.portal = new Portal({ address, port, readAhead_bytes: 1, accept: (socket) => this.#accept(socket) });
  }

  close(): void {
    this.portal.close();
    for (const socket of this.#nameless) socket.destroy();
  }

  #accept(socket: Socket): void {
    const [oldest] = this.#nameless;
    // Connections that say nothing can't keep an initiator out, as they could if the newest one were turned away.
    if (oldest && this.#nameless.size >= LIMITS.connectionsInLogin) this.#forget(oldest);
    this.#nameless.add(socket);
    const first = new FirstLogin();
    const tooLate = setTimeout(() => this.#forget(socket), LIMITS.login_ms);
    const take = (chunk: Buffer): void => {
      const names = first.push(chunk);
      if (!names) return;
      clearTimeout(tooLate);
      socket.off('data', take);
      this.#nameless.delete(socket);
      this.#give(socket, first.received, names);
    };
    socket.on('data', take);
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(tooLate);
      this.#nameless.delete(socket);
    });
  }

  /**
   * A socket must not be read here while it is on its way, or bytes are lost. A paused socket whose buffer is full is not read any more once
   * this turn is over: hence what was received is put back, and the socket goes in the next turn.
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

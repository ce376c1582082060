import { createServer, type Server, type ServerOpts, type Socket } from 'node:net';
import { formatAddress } from './connection-set.ts';

export interface PortalOptions {
  address: string;
  port: number;
  /** How many bytes are read from a connection before a listener takes it. @default Node's */
  readAhead_bytes?: number;
  accept(socket: Socket): void;
}

/** A network portal (RFC 7143 §4.4): an address that accepts connections. */
export class Portal {
  readonly #options: PortalOptions;
  readonly #server: Server;

  constructor(options: PortalOptions) {
    this.#options = options;
    const { readAhead_bytes: highWaterMark } = options;
    const server: ServerOpts = { noDelay: true, allowHalfOpen: false, ...(highWaterMark && { highWaterMark }) };
    this.#server = createServer(server, options.accept);
  }

  /** Resolves when connections are accepted, with the address in the form `host:port`. Rejects with Node's error (`EADDRINUSE`, …). */
  async listen(): Promise<string> {
    const { address, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host: address, port }, () => resolve());
    });
    const bound = this.#server.address();
    if (bound === null || typeof bound === 'string') throw new Error('Cannot determine the address of the portal');
    return formatAddress(bound.address, bound.port);
  }

  /** Accepts no more connections; existing ones continue. */
  close(): void {
    this.#server.close();
  }
}

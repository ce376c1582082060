import { chmodSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { SpareError } from '../std/errors.ts';
import type { ControlRequest, ControlResponse, TargetStatus } from './client/control-protocol.ts';
import { asTargetError } from './target-error.ts';

/** A request is one short line. */
const MAX_LINE_BYTES = 4_096;

/** Answers control requests, one JSON object per line, on a Unix socket that only its owner may use (mode 0600). */
export class ControlServer {
  readonly #path: string;
  readonly #perform: (request: ControlRequest) => Promise<TargetStatus>;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(path: string, perform: (request: ControlRequest) => Promise<TargetStatus>) {
    this.#path = path;
    this.#perform = perform;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** @throws SpareError `busy` when another daemon answers on the socket. */
  async listen(): Promise<void> {
    if (await answers(this.#path)) {
      throw new SpareError(
        'busy',
        'ALREADY_SERVING',
        `Cannot listen on ${this.#path}: another spare serve is running`,
        {
          hint: 'Stop the other one first. Run: systemctl stop spare-serve',
        },
      );
    }
    rmSync(this.#path, { force: true });
    // The socket must have the right mode from the start.
    const umask = process.umask(0o177);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#server.once('error', reject);
        this.#server.listen(this.#path, resolve);
      });
    } finally {
      process.umask(umask);
    }
    chmodSync(this.#path, 0o600);
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(socket: Socket): void {
    let text = '';
    let last: Promise<void> = Promise.resolve();
    this.#sockets.add(socket);
    socket.setEncoding('utf8');
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (chunk: string) => {
      text += chunk;
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
        const line = text.slice(0, end);
        text = text.slice(end + 1);
        last = last.then(async () => {
          const response = await this.#answer(line);
          if (socket.writable) socket.write(`${JSON.stringify(response)}\n`);
        });
      }
      if (text.length > MAX_LINE_BYTES) socket.destroy();
    });
  }

  async #answer(line: string): Promise<ControlResponse> {
    try {
      return { ok: true, result: await this.#perform(parseRequest(line)) };
    } catch (error) {
      const { code, message, hint } = asTargetError(error);
      return { ok: false, error: { code, message, hint } };
    }
  }
}

const METHODS = ['status', 'add', 'close', 'fence', 'unfence', 'accept'];

function parseRequest(line: string): ControlRequest {
  let request: { method?: unknown; host?: unknown; volume?: unknown } | null = null;
  try {
    request = JSON.parse(line);
  } catch {
    // Reported below, like any other invalid request.
  }
  const { method, host, volume } = request ?? {};
  const names = method === 'status' ? [] : method === 'accept' ? [host, volume] : [host];
  if (METHODS.includes(String(method)) && names.every((name) => typeof name === 'string')) {
    return { method, host, volume } as ControlRequest;
  }
  throw new SpareError('usage', 'BAD_REQUEST', 'Invalid control request', {
    hint: `Send one line of JSON with a method (${METHODS.join(', ')}), a host, and for accept a volume`,
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

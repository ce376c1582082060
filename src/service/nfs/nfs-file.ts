import { randomInt } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { SpareError } from '../../std/errors.ts';
import {
  COMPOUND_PROCEDURE,
  decodeReadCompound,
  encodeReadCompound,
  NFS_PROGRAM,
  NFS_VERSION,
  NfsRefusal,
} from './compound.ts';
import { decodeReply, encodeCall, RecordAssembler, RpcRefusal } from './rpc.ts';

const NFS_PORT = 2049;
/** The size of one read: the files that spare reads are much smaller. */
const READ_bytes = 64 * 1024;
/** exports(5), `secure`: requests must come from a port below IPPORT_RESERVED. Below 665 well-known services live. */
const RESERVED_PORTS = { first: 665, last: 1023 };
/** How many reserved ports are tried before giving up: some are taken by other clients. */
const PORT_ATTEMPTS_LIMIT = 8;

export interface ReadNfsFileOptions {
  /** The service address, without prefix length. */
  address: string;
  /** Absolute, as clients see it through the NFSv4 pseudo file system, e.g. `/srv/alpha/.spare/identity`. */
  path: string;
  /** For everything from connecting to the last byte. */
  timeout_ms: number;
  /** Ends it before that. */
  signal?: AbortSignal;
  /** Another port than 2049. */
  port?: number;
}

/**
 * Reads a small file (up to 64 KiB) from an NFSv4.0 server, without mounting anything and without leaving state on the
 * server: it also works during the grace period.
 *
 * Throws `SpareError` of kind `unreachable` with the code `NFS_UNREACHABLE` (no connection, no answer in time),
 * `NFS_BAD_ANSWER`, or the standard's own name for a refusal: `NFS4ERR_NOENT`, `AUTH_TOOWEAK`, `PROG_UNAVAIL`, …
 */
export async function readNfsFile(options: ReadNfsFileOptions): Promise<Buffer> {
  const components = options.path.split('/').filter((component) => component !== '');
  const xid = randomInt(0x1_0000_0000);
  const call = encodeCall({
    xid,
    program: NFS_PROGRAM,
    version: NFS_VERSION,
    procedure: COMPOUND_PROCEDURE,
    machineName: hostname(),
    body: encodeReadCompound(components, READ_bytes),
  });
  try {
    const record = await exchange(options, call);
    const { data, endOfFile } = decodeReadCompound(decodeReply(record, xid), components);
    if (!endOfFile) throw new RangeError(`Cannot read a file of more than ${READ_bytes} bytes`);
    return data;
  } catch (error) {
    throw asSpareError(options, error);
  }
}

/** Sends one record and waits for one, on its own connection, so that each probe is independent of the last one. */
async function exchange(options: ReadNfsFileOptions, call: Buffer): Promise<Buffer> {
  const timeout = AbortSignal.timeout(options.timeout_ms);
  const deadline = options.signal ? AbortSignal.any([timeout, options.signal]) : timeout;
  for (let attempt = 1; ; attempt += 1) {
    const socket = connect({
      host: options.address,
      port: options.port ?? NFS_PORT,
      ...(process.getuid?.() === 0 && { localPort: randomInt(RESERVED_PORTS.first, RESERVED_PORTS.last + 1) }),
    });
    try {
      return await oneRecord(socket, call, deadline);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      const portIsTaken = code === 'EADDRINUSE' || code === 'EADDRNOTAVAIL';
      if (!portIsTaken || attempt === PORT_ATTEMPTS_LIMIT) throw error;
    } finally {
      end(socket);
    }
  }
}

/**
 * A reset leaves no TIME_WAIT behind: otherwise one probe per second would use up the reserved ports. Node resets a socket only once it
 * is connected, and the process lives on until then; where nothing answers, that is two minutes.
 */
function end(socket: Socket): void {
  if (socket.connecting) socket.destroy();
  else socket.resetAndDestroy();
}

function oneRecord(socket: Socket, call: Buffer, deadline: AbortSignal): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const assembler = new RecordAssembler();
  const onDeadline = () => reject(new Error('timed out'));
  if (deadline.aborted) onDeadline();
  deadline.addEventListener('abort', onDeadline, { once: true });
  socket.on('error', reject);
  socket.on('close', () => reject(new Error('the server closed the connection')));
  socket.on('data', (chunk) => {
    try {
      const record = assembler.push(Buffer.from(chunk));
      if (record !== undefined) resolve(record);
    } catch (error) {
      reject(error);
    }
  });
  socket.on('connect', () => socket.write(call));
  return promise.finally(() => deadline.removeEventListener('abort', onDeadline));
}

function asSpareError(options: ReadNfsFileOptions, error: unknown): SpareError {
  const where = `Cannot read ${options.path} through NFS at ${options.address}`;
  if (error instanceof NfsRefusal || error instanceof RpcRefusal) {
    return new SpareError('unreachable', error.status, `${where}: ${error.message}`, {
      hint: 'A server answers there but does not serve this file. To see its exports, run there: exportfs -v',
      cause: error,
    });
  }
  const reason = error instanceof Error ? error.message : String(error);
  const code = error instanceof RangeError ? 'NFS_BAD_ANSWER' : 'NFS_UNREACHABLE';
  return new SpareError('unreachable', code, `${where}: ${reason}`, {
    hint: `Check that the address ${options.address} is up and that its NFS server is running`,
    cause: error,
  });
}

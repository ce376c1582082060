import { XdrReader, XdrWriter } from './xdr.ts';

/** ONC RPC version 2 (RFC 5531), the client's side: calls, replies, and record marking for TCP. */
const CALL = 0;
const REPLY = 1;
const RPC_VERSION = 2;
const AUTH_NONE = 0;
const AUTH_SYS = 1;

/** RFC 5531 §9: why a call that was accepted was not executed. */
const ACCEPT_STATUS = ['SUCCESS', 'PROG_UNAVAIL', 'PROG_MISMATCH', 'PROC_UNAVAIL', 'GARBAGE_ARGS', 'SYSTEM_ERR'];
/** RFC 5531 §9: why the credentials of a call were refused. */
const AUTH_STATUS = [
  'AUTH_OK',
  'AUTH_BADCRED',
  'AUTH_REJECTEDCRED',
  'AUTH_BADVERF',
  'AUTH_REJECTEDVERF',
  'AUTH_TOOWEAK',
  'AUTH_INVALIDRESP',
  'AUTH_FAILED',
];
/** RFC 5531 §11: the top bit of a fragment's header marks the last fragment of a record. */
const LAST_FRAGMENT = 0x8000_0000;
const MARK_bytes = 4;

/** More than any reply that spare asks for: a server that sends more is not one. */
const REPLY_LIMIT_bytes = 1024 * 1024;

/** A call that the server answered, but did not execute. `status` is the standard's name, e.g. `PROG_UNAVAIL` or `AUTH_TOOWEAK`. */
export class RpcRefusal extends Error {
  override readonly name = 'RpcRefusal';
  readonly status: string;

  constructor(status: string) {
    super(`The server refused the call: ${status}`);
    this.status = status;
  }
}

export interface RpcCall {
  /** Pairs the reply with the call. */
  xid: number;
  program: number;
  version: number;
  procedure: number;
  /** AUTH_SYS machine name: shown in the server's debugging output only. */
  machineName: string;
  /** The procedure's arguments, already in XDR. */
  body: Buffer;
}

/**
 * A call as one record of one fragment, with AUTH_SYS credentials of uid 0, gid 0.
 *
 *     mark 4 | xid 4 | CALL 4 | rpcvers 4 | prog 4 | vers 4 | proc 4 | cred: flavor 4, opaque | verf: flavor 4, opaque | body
 *
 * RFC 5531 §9 (call_body), §11 (record marking), appendix A (authsys_parms).
 */
export function encodeCall(call: RpcCall): Buffer {
  const credentials = new XdrWriter()
    .uint32(0) // stamp: arbitrary
    .opaque(call.machineName)
    .uint32(0) // uid
    .uint32(0) // gid
    .uint32(0) // no further groups
    .toBuffer();
  const message = new XdrWriter()
    .uint32(call.xid)
    .uint32(CALL)
    .uint32(RPC_VERSION)
    .uint32(call.program)
    .uint32(call.version)
    .uint32(call.procedure)
    .uint32(AUTH_SYS)
    .opaque(credentials)
    .uint32(AUTH_NONE)
    .uint32(0) // empty verifier
    .fixedOpaque(call.body)
    .toBuffer();
  const mark = new XdrWriter().uint32(LAST_FRAGMENT + message.length).toBuffer();
  return Buffer.concat([mark, message]);
}

/**
 * The results of a reply to call `xid`, still in XDR (RFC 5531 §9, reply_body).
 * Throws `RpcRefusal` if the call was not executed, and `RangeError` if the message is no such reply.
 */
export function decodeReply(message: Buffer, xid: number): XdrReader {
  const reader = new XdrReader(message);
  const answered = reader.uint32();
  const type = reader.uint32();
  if (answered !== xid || type !== REPLY) {
    throw new RangeError(
      `Expected the RPC reply to xid ${xid}, received a message of type ${type} with xid ${answered}`,
    );
  }
  const denied = reader.uint32() !== 0;
  if (denied) {
    const authenticationFailed = reader.uint32() === 1;
    throw new RpcRefusal(authenticationFailed ? nameOf(AUTH_STATUS, reader.uint32()) : 'RPC_MISMATCH');
  }
  reader.uint32(); // the verifier's flavour
  reader.opaque(); // and its body, empty for AUTH_SYS
  const status = reader.uint32();
  if (status !== 0) throw new RpcRefusal(nameOf(ACCEPT_STATUS, status));
  return reader;
}

function nameOf(names: readonly string[], value: number): string {
  return names[value] ?? `status ${value}`;
}

/** Puts the fragments of one record together again, however TCP cut them (RFC 5531 §11). */
export class RecordAssembler {
  #received = Buffer.alloc(0);
  #fragments: Buffer[] = [];

  /** The whole record once its last byte has arrived, `undefined` before. Throws `RangeError` past the limit of a reply. */
  push(chunk: Buffer): Buffer | undefined {
    this.#received = Buffer.concat([this.#received, chunk]);
    while (this.#received.length >= MARK_bytes) {
      const mark = this.#received.readUInt32BE();
      const isLast = mark >= LAST_FRAGMENT;
      const end = MARK_bytes + (isLast ? mark - LAST_FRAGMENT : mark);
      const total_bytes = end + this.#fragments.reduce((sum, fragment) => sum + fragment.length, 0);
      if (total_bytes > REPLY_LIMIT_bytes) {
        throw new RangeError(`An RPC reply of ${total_bytes} bytes exceeds the limit of ${REPLY_LIMIT_bytes}`);
      }
      if (this.#received.length < end) return undefined;
      this.#fragments.push(this.#received.subarray(MARK_bytes, end));
      this.#received = this.#received.subarray(end);
      if (isLast) return Buffer.concat(this.#fragments);
    }
    return undefined;
  }
}

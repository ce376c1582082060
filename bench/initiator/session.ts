import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { crc32c } from '@node-rs/crc32';
import { systemClock } from '../../src/std/clock.ts';
import { logIn } from './login.ts';
import { Outgoing } from './outgoing.ts';
import { Reader } from './reader.ts';
import { type Portal, redirectOf } from './redirect.ts';
import {
  COMMAND_FLAGS,
  dataOut,
  loginRequest,
  logoutRequest,
  nopAnswer,
  putCdb,
  putCommand,
  putTransferCdb,
} from './requests.ts';
import type { SessionOptions } from './session-options.ts';
import {
  DIGEST_BYTES,
  decodeKeys,
  encodeKeys,
  FINAL,
  HEADER_BYTES,
  OPCODE,
  padded,
  STATUS_INCLUDED,
  wordAt,
} from './wire.ts';

const RECEIVE_BUFFER_BYTES = 256 * 1024;
const SETUP_TIMEOUT_MS = 10_000;
/** A new session may have unit attentions to tell first (power on, reset). */
const UNIT_ATTENTIONS = 4;
/** A target that sends its initiators round in circles would be followed for ever. */
const MOST_REDIRECTS = 3;
/** SPC-4 §6.47, SBC-3 §5.20 (16 bytes, service action 0x10, allocation length 32), §5.22, §5.11 and §5.32. */
const CDB = {
  testUnitReady: [0x00],
  readCapacity16: [0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32],
  synchronizeCache: [0x35],
};
const READ_10 = 0x28;
const WRITE_10 = 0x2a;
const NO_DATA = Buffer.alloc(0);
/** One for all sessions: what was read is looked at before anything else is. It stays in the processor's cache. */
const received = Buffer.allocUnsafeSlow(RECEIVE_BUFFER_BYTES);

/** What a load hears from its session. */
export interface SessionEvents {
  /** Before the PDUs of one read from the socket are looked at: commands that these end, or set off, belong to this moment. */
  onTurn(): void;
  onDone(slot: number): void;
  /** Called once, when the session cannot continue. */
  onError(error: Error): void;
}

/**
 * One session of a minimal initiator: normal session, one connection, error recovery level 0. It stands for a client that is fast,
 * not for one that is careful: anything unexpected ends it with an error. State of commands is in arrays by slot, which is also
 * their tag, so that a command costs no allocation.
 */
export class InitiatorSession {
  blockCount = 0;
  block_bytes = 0;
  readonly #options: SessionOptions;
  readonly #socket: Socket;
  readonly #reader: Reader;
  readonly #outgoing: Outgoing;
  readonly #numbering = { cmdSn: 1, expStatSn: 0 };
  readonly #isUnderWay: Uint8Array;
  readonly #expected_bytes: Float64Array;
  readonly #moved_bytes: Float64Array;
  /** Filled again for each command. */
  readonly #command = { flags: 0, tag: 0, expected_bytes: 0, immediate_bytes: 0 };
  #immediate: Buffer = NO_DATA;
  #immediateDigest: Buffer | null = null;
  #maxCmdSn = 1;
  #targetSegment_bytes = 8192;
  #events: SessionEvents | null = null;
  /** Until the load starts: who waits for what the target sends. */
  #expectation: ((header: Buffer, data: Buffer) => void) | null = null;
  #refuse: (error: Error) => void = () => {};
  #ended = false;

  /** Follows redirects. @throws {Error} if the target refuses, or does not answer for 10 s. */
  static async open(options: SessionOptions, redirects: number = MOST_REDIRECTS): Promise<InitiatorSession> {
    const session = new InitiatorSession(options);
    const failed = new Promise<never>((_, reject) => {
      session.#refuse = reject;
    });
    const timer = systemClock.after(SETUP_TIMEOUT_MS, () => session.#fail(new Error('Cannot open a session in time')));
    try {
      const portal = await Promise.race([failed, session.#setUp()]);
      if (portal === null) return session;
      session.abandon();
      if (redirects === 0) throw new Error('Cannot log in as the target sends its initiators on again and again');
      return await InitiatorSession.open({ ...options, ...portal }, redirects - 1);
    } finally {
      timer.stop();
    }
  }

  private constructor(options: SessionOptions) {
    this.#options = options;
    this.#isUnderWay = new Uint8Array(options.depth);
    this.#expected_bytes = new Float64Array(options.depth);
    this.#moved_bytes = new Float64Array(options.depth);
    this.#reader = new Reader((bytes, at, data, length_bytes) => this.#receive(bytes, at, data, length_bytes));
    const onread = { buffer: received, callback: (count: number) => this.#take(count) };
    this.#socket = connect({ host: options.host, port: options.port, noDelay: true, onread });
    const perCommand_bytes = HEADER_BYTES + options.data.length + 2 * DIGEST_BYTES;
    this.#outgoing = new Outgoing(this.#socket, options.depth * perCommand_bytes);
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error('The target closed the connection')));
  }

  /** From now on data of reads is only counted. Commands that are begun outside of an event leave with `send`. */
  startLoad(events: SessionEvents): void {
    this.#events = events;
    this.#expectation = null;
    this.#reader.keepsDataIn = false;
  }

  send(): void {
    this.#outgoing.flush();
  }

  /** `slot` is free again when `onDone` is called: at most one command at a time in each. */
  read(slot: number, lba: number, blocks: number): void {
    const at = this.#begin(slot, COMMAND_FLAGS.read, blocks * this.block_bytes, 0);
    if (at < 0) return;
    putTransferCdb(this.#outgoing.bytes, at, READ_10, lba, blocks);
    this.#addHeaderDigest(at);
  }

  /** As much as the target takes goes along with the command, the rest when it asks (nothing is sent unsolicited). */
  write(slot: number, lba: number, blocks: number): void {
    const at = this.#begin(slot, COMMAND_FLAGS.write, this.#options.data.length, this.#immediate.length);
    if (at < 0) return;
    putTransferCdb(this.#outgoing.bytes, at, WRITE_10, lba, blocks);
    this.#addHeaderDigest(at);
    if (this.#immediate.length === 0) return;
    this.#outgoing.append(this.#immediate);
    if (this.#immediateDigest !== null) this.#outgoing.append(this.#immediateDigest);
  }

  /** SYNCHRONIZE CACHE (10) of the whole unit. */
  flush(slot: number): void {
    this.#sendCommand(slot, CDB.synchronizeCache, 0);
  }

  /** Ends it at once, with all outstanding commands. */
  abandon(): void {
    this.#ended = true;
    this.#socket.destroy();
  }

  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#sendSegments(logoutRequest(this.#options.depth, this.#numbering), null);
    this.#outgoing.flush();
    this.#socket.end();
    const timer = systemClock.after(SETUP_TIMEOUT_MS, () => this.#socket.destroy());
    await once(this.#socket, 'close');
    timer.stop();
  }

  /** The other portal where the target sends us to, `null` where we are in the right place. */
  async #setUp(): Promise<Portal | null> {
    const { digests, data } = this.#options;
    await once(this.#socket, 'connect');
    const answer = await logIn((stages, keys) => this.#loginStep(stages, keys), this.#options);
    if ('port' in answer) return answer;
    const { targetSegment_bytes, immediateLimit_bytes } = answer;
    this.#reader.digests = digests;
    this.#targetSegment_bytes = targetSegment_bytes;
    this.#immediate = data.subarray(0, immediateLimit_bytes);
    if (digests) this.#immediateDigest = digestOf(this.#immediate);
    for (let attempt = 0; (await this.#inquire(CDB.testUnitReady, 0)).status !== 0; attempt++) {
      if (attempt === UNIT_ATTENTIONS) throw new Error('Cannot use LUN 1: it is not ready');
    }
    const capacity = await this.#inquire(CDB.readCapacity16, 32);
    if (capacity.status !== 0) throw new Error('Cannot read the capacity of LUN 1');
    this.blockCount = Number(capacity.data.readBigUInt64BE(0)) + 1;
    this.block_bytes = capacity.data.readUInt32BE(8);
    return null;
  }

  #loginStep(
    stages: { current: number; next: number | null },
    keys: Readonly<Record<string, string>>,
  ): Promise<Map<string, string> | Portal> {
    const text = encodeKeys(keys);
    const header = loginRequest(stages, this.#options.qualifier, text.length, this.#numbering);
    const answer = new Promise<Map<string, string> | Portal>((resolve, reject) => {
      this.#expectation = (response, data) => {
        const status = response.readUInt16BE(36);
        const flags = response[1] ?? 0;
        const next = (flags & FINAL) === 0 ? null : flags & 3;
        const portal = redirectOf(status, data);
        if (portal !== null) resolve(portal);
        else if (status !== 0)
          reject(new Error(`Cannot log in: the target answers with status 0x${status.toString(16)}`));
        else if (next !== stages.next) reject(new Error('Cannot log in so simply'));
        else resolve(decodeKeys(data));
      };
    });
    this.#socket.write(Buffer.concat([header, text], header.length + padded(text.length)));
    return answer;
  }

  /** Sends a command before the load, and keeps its data. */
  #inquire(cdb: readonly number[], expected_bytes: number): Promise<{ status: number; data: Buffer }> {
    const answer = new Promise<{ status: number; data: Buffer }>((resolve) => {
      let kept = NO_DATA;
      this.#expectation = (header, data) => {
        const isData = header[0] === OPCODE.dataIn;
        if (isData) kept = Buffer.from(data);
        // A Data-In PDU without status: the response follows.
        if (isData && ((header[1] ?? 0) & STATUS_INCLUDED) === 0) return;
        this.#isUnderWay[0] = 0;
        resolve({ status: header[3] ?? 0, data: kept });
      };
    });
    this.#sendCommand(0, cdb, expected_bytes);
    this.#outgoing.flush();
    return answer;
  }

  #sendCommand(slot: number, cdb: readonly number[], expected_bytes: number): void {
    const at = this.#begin(slot, expected_bytes > 0 ? COMMAND_FLAGS.read : COMMAND_FLAGS.none, expected_bytes, 0);
    if (at < 0) return;
    putCdb(this.#outgoing.bytes, at, cdb);
    this.#addHeaderDigest(at);
  }

  /** Where in the outgoing buffer the command is; its CDB is still to be put there. -1 where it can't be sent. */
  #begin(slot: number, flags: number, expected_bytes: number, immediate_bytes: number): number {
    // RFC 1982: compared as a signed difference of 32 bits.
    if (((this.#maxCmdSn - this.#numbering.cmdSn) | 0) < 0) {
      this.#fail(new Error('Cannot send a command as the window of the target is closed: use a smaller depth'));
      return -1;
    }
    this.#isUnderWay[slot] = 1;
    this.#expected_bytes[slot] = expected_bytes;
    this.#moved_bytes[slot] = immediate_bytes;
    const command = this.#command;
    command.flags = flags;
    command.tag = slot;
    command.expected_bytes = expected_bytes;
    command.immediate_bytes = immediate_bytes;
    const at = this.#outgoing.reserve(this.#reader.digests ? HEADER_BYTES + DIGEST_BYTES : HEADER_BYTES);
    putCommand(this.#outgoing.bytes, at, command, this.#numbering);
    this.#numbering.cmdSn = (this.#numbering.cmdSn + 1) >>> 0;
    return at;
  }

  #addHeaderDigest(at: number): void {
    if (!this.#reader.digests) return;
    const { bytes } = this.#outgoing;
    bytes.writeUInt32LE(crc32c(bytes.subarray(at, at + HEADER_BYTES)), at + HEADER_BYTES);
  }

  /** Data always has whole words here: blocks, and parts of blocks at multiples of 512 bytes. */
  #sendSegments(header: Buffer, data: Buffer | null): void {
    const { digests } = this.#reader;
    this.#outgoing.append(header);
    if (digests) this.#outgoing.append(digestOf(header));
    if (data === null) return;
    this.#outgoing.append(data);
    if (digests) this.#outgoing.append(digestOf(data));
  }

  #take(count: number): boolean {
    // Reading goes on to the end, or the end would never be seen.
    if (this.#ended) return true;
    try {
      this.#events?.onTurn();
      this.#reader.push(received, count);
      this.#outgoing.flush();
    } catch (error) {
      this.#fail(error as Error);
    }
    return true;
  }

  #receive(bytes: Buffer, at: number, data: Buffer, length_bytes: number): void {
    const opcode = (bytes[at] as number) & 0x3f;
    this.#maxCmdSn = wordAt(bytes, at + 32);
    if (this.#expectation !== null && opcode !== OPCODE.nopIn) {
      const header = bytes.subarray(at, at + HEADER_BYTES);
      // The target's numbering of responses starts with its first login response.
      if (opcode !== OPCODE.dataIn || (header[1] as number) & STATUS_INCLUDED) this.#countStatus(header, 0);
      this.#expectation(header, data);
    } else if (opcode === OPCODE.dataIn) {
      const slot = this.#slotOf(bytes, at);
      this.#moved_bytes[slot] = (this.#moved_bytes[slot] as number) + length_bytes;
      if ((bytes[at + 1] as number) & STATUS_INCLUDED) this.#complete(bytes, at, slot);
    } else if (opcode === OPCODE.scsiResponse) {
      this.#complete(bytes, at, this.#slotOf(bytes, at));
    } else if (opcode === OPCODE.r2t) {
      this.#sendData(bytes.subarray(at, at + HEADER_BYTES), this.#slotOf(bytes, at));
    } else if (opcode === OPCODE.nopIn) {
      const answer = nopAnswer(bytes.subarray(at, at + HEADER_BYTES), this.#numbering);
      if (answer !== null) this.#sendSegments(answer, null);
    } else if (opcode !== OPCODE.logoutResponse) {
      throw new Error(`The target sent an unexpected PDU with opcode 0x${opcode.toString(16)}`);
    }
  }

  #countStatus(bytes: Buffer, at: number): void {
    this.#numbering.expStatSn = (wordAt(bytes, at + 24) + 1) >>> 0;
  }

  #complete(bytes: Buffer, at: number, slot: number): void {
    this.#countStatus(bytes, at);
    const status = bytes[at + 3] as number;
    if (status !== 0) throw new Error(`A command ended with status 0x${status.toString(16)}`);
    if (this.#moved_bytes[slot] !== this.#expected_bytes[slot]) {
      throw new Error(`A command moved ${this.#moved_bytes[slot]} of ${this.#expected_bytes[slot]} bytes`);
    }
    this.#isUnderWay[slot] = 0;
    this.#events?.onDone(slot);
  }

  /** Answers an R2T (RFC 7143 §11.8) with as many Data-Out PDUs as the target's segment length makes of it. */
  #sendData(r2t: Buffer, slot: number): void {
    const { data } = this.#options;
    const end = r2t.readUInt32BE(40) + r2t.readUInt32BE(44);
    if (end > data.length) throw new Error('The target requests data beyond the end');
    for (let at = r2t.readUInt32BE(40), dataSn = 0; at < end; dataSn++) {
      const length_bytes = Math.min(this.#targetSegment_bytes, end - at);
      const part = { offset_bytes: at, length_bytes, dataSn, final: at + length_bytes === end };
      this.#sendSegments(dataOut(r2t, part, this.#numbering.expStatSn), data.subarray(at, at + length_bytes));
      this.#moved_bytes[slot] = (this.#moved_bytes[slot] as number) + length_bytes;
      at += length_bytes;
    }
  }

  #slotOf(bytes: Buffer, at: number): number {
    const slot = wordAt(bytes, at + 16);
    if (this.#isUnderWay[slot] !== 1) {
      throw new Error('The target answered a command that is not outstanding');
    }
    return slot;
  }

  #fail(error: Error): void {
    if (this.#ended) return;
    this.abandon();
    this.#refuse(error);
    this.#events?.onError(error);
  }
}

function digestOf(segment: Buffer): Buffer {
  const digest = Buffer.allocUnsafe(DIGEST_BYTES);
  digest.writeUInt32LE(crc32c(segment), 0);
  return digest;
}

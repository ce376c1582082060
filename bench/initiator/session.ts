import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { crc32c } from '../../src/iscsi/crc32c.ts';
import { Reader } from './reader.ts';
import {
  commandHeader,
  dataOut,
  loginRequest,
  logoutRequest,
  nopAnswer,
  putCdb,
  putCommand,
  putTransferCdb,
} from './requests.ts';
import { DIGEST_BYTES, decodeKeys, encodeKeys, FINAL, OPCODE, padded, STATUS_INCLUDED } from './wire.ts';

const RECEIVE_BUFFER_BYTES = 256 * 1024;
const SETUP_TIMEOUT_MS = 10_000;
/** A new session may have unit attentions to tell first (power on, reset). */
const UNIT_ATTENTIONS = 4;
/** SPC-4 §6.47, SBC-3 §5.20 (16 bytes, service action 0x10, allocation length 32) and §5.22. */
const CDB = {
  testUnitReady: [0x00],
  readCapacity16: [0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32],
  synchronizeCache: [0x35],
};
/** What open-iscsi asks for by default, but for InitialR2T: nothing is sent unsolicited here. */
const OPERATIONAL_KEYS = {
  InitialR2T: 'Yes',
  ImmediateData: 'Yes',
  MaxRecvDataSegmentLength: '262144',
  MaxBurstLength: '16776192',
  FirstBurstLength: '262144',
  MaxOutstandingR2T: '1',
  MaxConnections: '1',
  ErrorRecoveryLevel: '0',
  DefaultTime2Wait: '2',
  DefaultTime2Retain: '0',
  DataPDUInOrder: 'Yes',
  DataSequenceInOrder: 'Yes',
};

export interface SessionOptions {
  host: string;
  port: number;
  iqn: string;
  initiatorName: string;
  /** Tells sessions of one initiator apart. 16 bits. */
  qualifier: number;
  depth: number;
  digests: boolean;
}

/** A command under way. Its header is reused by the next one: what the socket was given has left by the response. */
interface Slot {
  readonly header: Buffer;
  data: Buffer | null;
  expected_bytes: number;
  moved_bytes: number;
  done: (() => void) | null;
}

/**
 * One session of a minimal initiator: normal session, no authentication, one connection, error recovery level 0.
 * It stands for a client that is fast, not for one that is careful: anything unexpected ends it with an error.
 */
export class InitiatorSession {
  /** Called once when the session can't go on. */
  onError: (error: Error) => void = () => {};
  blockCount = 0;
  block_bytes = 0;
  readonly #options: SessionOptions;
  readonly #socket: Socket;
  readonly #reader: Reader;
  readonly #slots: Slot[];
  readonly #numbering = { cmdSn: 1, expStatSn: 0 };
  #maxCmdSn = 1;
  #immediateLimit_bytes = 0;
  #targetSegment_bytes = 8192;
  /** Until the load starts: who waits for what the target sends. */
  #expectation: ((header: Buffer, data: Buffer) => void) | null = null;
  #ended = false;

  /** @throws {Error} when the target refuses, or is silent for 10 s. */
  static async open(options: SessionOptions): Promise<InitiatorSession> {
    const session = new InitiatorSession(options);
    const failed = new Promise<never>((_, reject) => {
      session.onError = reject;
    });
    const timer = setTimeout(() => session.#fail(new Error('Cannot open a session in time')), SETUP_TIMEOUT_MS);
    try {
      await Promise.race([failed, session.#setUp()]);
      return session;
    } finally {
      clearTimeout(timer);
    }
  }

  private constructor(options: SessionOptions) {
    this.#options = options;
    this.#slots = Array.from({ length: options.depth }, (_, tag) => {
      return { header: commandHeader(tag), data: null, expected_bytes: 0, moved_bytes: 0, done: null };
    });
    this.#reader = new Reader((header, data, length_bytes) => this.#receive(header, data, length_bytes));
    // One receive buffer for the whole session instead of a new one for each chunk.
    const buffer = Buffer.allocUnsafe(RECEIVE_BUFFER_BYTES);
    const onread = { buffer, callback: (count: number) => this.#push(buffer.subarray(0, count)) };
    this.#socket = connect({ host: options.host, port: options.port, noDelay: true, onread });
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error('Cannot go on as the target closed the connection')));
  }

  /** From now on data of reads is only counted. */
  startLoad(): void {
    this.#expectation = null;
    this.#reader.keepsDataIn = false;
  }

  /** Collects what is sent meanwhile into one write. */
  batch(send: () => void): void {
    this.#socket.cork();
    send();
    this.#socket.uncork();
  }

  /** `slot` is free from the call of `done` on: at most one command at a time in each. */
  read(slot: number, lba: number, blocks: number, done: () => void): void {
    const task = this.#slots[slot] as Slot;
    putTransferCdb(task.header, 'read', lba, blocks);
    this.#start(task, 'read', blocks * this.block_bytes, null, done);
  }

  /** As much as the target takes goes along with the command, the rest when it asks (nothing is sent unsolicited). */
  write(slot: number, lba: number, data: Buffer, done: () => void): void {
    const task = this.#slots[slot] as Slot;
    putTransferCdb(task.header, 'write', lba, data.length / this.block_bytes);
    this.#start(task, 'write', data.length, data, done);
  }

  /** SYNCHRONIZE CACHE (10) of the whole unit. */
  flush(slot: number, done: () => void): void {
    const task = this.#slots[slot] as Slot;
    putCdb(task.header, CDB.synchronizeCache);
    this.#start(task, 'none', 0, null, done);
  }

  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#send(logoutRequest(this.#options.depth, this.#numbering), null);
    this.#socket.end();
    const timer = setTimeout(() => this.#socket.destroy(), SETUP_TIMEOUT_MS);
    await once(this.#socket, 'close');
    clearTimeout(timer);
  }

  async #setUp(): Promise<void> {
    await once(this.#socket, 'connect');
    await this.#login();
    for (let attempt = 0; (await this.#inquire(CDB.testUnitReady, 0)).status !== 0; attempt++) {
      if (attempt === UNIT_ATTENTIONS) throw new Error('Cannot use LUN 1: it is not ready');
    }
    const { status, data } = await this.#inquire(CDB.readCapacity16, 32);
    if (status !== 0) throw new Error('Cannot read the capacity of LUN 1');
    this.blockCount = Number(data.readBigUInt64BE(0)) + 1;
    this.block_bytes = data.readUInt32BE(8);
  }

  async #login(): Promise<void> {
    const { iqn, initiatorName, digests } = this.#options;
    const names = { InitiatorName: initiatorName, TargetName: iqn, SessionType: 'Normal', AuthMethod: 'None' };
    await this.#loginStep({ current: 0, next: 1 }, names);
    const digest = digests ? 'CRC32C' : 'None';
    const keys = { HeaderDigest: digest, DataDigest: digest, ...OPERATIONAL_KEYS };
    const answers = await this.#loginStep({ current: 1, next: 3 }, keys);
    for (const key of ['HeaderDigest', 'DataDigest']) {
      const answer = answers.get(key) ?? 'None';
      if (answer !== digest) {
        throw new Error(`Cannot use the wanted ${key}: wanted ${digest}, the target says ${answer}`);
      }
    }
    this.#reader.digests = digests;
    this.#targetSegment_bytes = Number(answers.get('MaxRecvDataSegmentLength') ?? 8192);
    const firstBurst_bytes = Number(answers.get('FirstBurstLength') ?? 65536);
    const immediate = (answers.get('ImmediateData') ?? 'Yes') === 'Yes';
    this.#immediateLimit_bytes = immediate ? Math.min(firstBurst_bytes, this.#targetSegment_bytes) : 0;
  }

  #loginStep(stages: { current: number; next: number }, keys: Record<string, string>): Promise<Map<string, string>> {
    const text = encodeKeys(keys);
    const header = loginRequest(stages, this.#options.qualifier, text.length, this.#numbering);
    const answer = new Promise<Map<string, string>>((resolve, reject) => {
      this.#expectation = (response, data) => {
        const status = response.readUInt16BE(36);
        const flags = response[1] ?? 0;
        if (status !== 0) reject(new Error(`Cannot log in: the target answers with status 0x${status.toString(16)}`));
        else if ((flags & FINAL) === 0 || (flags & 3) !== stages.next) reject(new Error('Cannot log in so simply'));
        else resolve(decodeKeys(data));
      };
    });
    this.#socket.write(Buffer.concat([header, text], header.length + padded(text.length)));
    return answer;
  }

  /** Sends a command before the load, and keeps its data. */
  #inquire(cdb: readonly number[], expected_bytes: number): Promise<{ status: number; data: Buffer }> {
    const task = this.#slots[0] as Slot;
    putCdb(task.header, cdb);
    const answer = new Promise<{ status: number; data: Buffer }>((resolve) => {
      let kept = Buffer.alloc(0);
      this.#expectation = (header, data) => {
        const isData = header[0] === OPCODE.dataIn;
        if (isData) kept = Buffer.from(data);
        // A Data-In PDU without status: the response follows.
        if (!isData || (header[1] ?? 0) & STATUS_INCLUDED) resolve({ status: header[3] ?? 0, data: kept });
      };
    });
    this.#start(task, expected_bytes > 0 ? 'read' : 'none', expected_bytes, null, () => {});
    return answer;
  }

  #start(
    task: Slot,
    direction: 'read' | 'write' | 'none',
    expected_bytes: number,
    data: Buffer | null,
    done: () => void,
  ): void {
    // RFC 1982: compared as a signed difference of 32 bits.
    if (((this.#maxCmdSn - this.#numbering.cmdSn) | 0) < 0) {
      this.#fail(new Error('Cannot send a command as the window of the target is closed: use a smaller depth'));
      return;
    }
    task.expected_bytes = expected_bytes;
    task.moved_bytes = 0;
    task.data = data;
    task.done = done;
    const immediate_bytes = Math.min(data?.length ?? 0, this.#immediateLimit_bytes);
    if (data !== null) task.moved_bytes = immediate_bytes;
    putCommand(task.header, { direction, expected_bytes, immediate_bytes }, this.#numbering);
    this.#numbering.cmdSn = (this.#numbering.cmdSn + 1) >>> 0;
    this.#send(task.header, immediate_bytes > 0 ? (data as Buffer).subarray(0, immediate_bytes) : null);
  }

  /** Data always has whole words here: blocks, and parts of blocks at multiples of 512 bytes. */
  #send(header: Buffer, data: Buffer | null): void {
    const { digests } = this.#reader;
    this.#socket.write(header);
    if (digests) this.#socket.write(digestOf(header));
    if (data === null) return;
    this.#socket.write(data);
    if (digests) this.#socket.write(digestOf(data));
  }

  #push(chunk: Buffer): boolean {
    try {
      this.batch(() => this.#reader.push(chunk));
    } catch (error) {
      this.#fail(error as Error);
    }
    // Reading goes on to the end, or the end would never be seen.
    return true;
  }

  #receive(header: Buffer, data: Buffer, length_bytes: number): void {
    const opcode = (header[0] as number) & 0x3f;
    this.#maxCmdSn = header.readUInt32BE(32);
    if (opcode === OPCODE.nopIn) {
      const answer = nopAnswer(header, this.#numbering);
      if (answer !== null) this.#send(answer, null);
    } else if (this.#expectation !== null) {
      // The target's numbering of responses starts with its first login response.
      if (opcode !== OPCODE.dataIn || (header[1] as number) & STATUS_INCLUDED) this.#countStatus(header);
      this.#expectation(header, data);
    } else if (opcode === OPCODE.dataIn) {
      const task = this.#taskOf(header);
      task.moved_bytes += length_bytes;
      if ((header[1] as number) & STATUS_INCLUDED) this.#complete(header, task);
    } else if (opcode === OPCODE.scsiResponse) {
      this.#complete(header, this.#taskOf(header));
    } else if (opcode === OPCODE.r2t) {
      this.#sendData(header, this.#taskOf(header));
    } else if (opcode !== OPCODE.logoutResponse) {
      throw new Error(`Cannot go on as the target sent a PDU with opcode 0x${opcode.toString(16)}`);
    }
  }

  #countStatus(header: Buffer): void {
    this.#numbering.expStatSn = (header.readUInt32BE(24) + 1) >>> 0;
  }

  #complete(header: Buffer, task: Slot): void {
    this.#countStatus(header);
    const status = header[3] as number;
    if (status !== 0) throw new Error(`Cannot go on as a command ended with status 0x${status.toString(16)}`);
    if (task.moved_bytes !== task.expected_bytes) {
      throw new Error(`Cannot go on as a command moved ${task.moved_bytes} of ${task.expected_bytes} bytes`);
    }
    const { done } = task;
    task.done = null;
    done?.();
  }

  /** Answers an R2T (RFC 7143 §11.8) with as many Data-Out PDUs as the target's segment length makes of it. */
  #sendData(r2t: Buffer, task: Slot): void {
    if (task.data === null) throw new Error('Cannot go on as the target asks for data of a command that has none');
    const end = r2t.readUInt32BE(40) + r2t.readUInt32BE(44);
    for (let at = r2t.readUInt32BE(40), dataSn = 0; at < end; dataSn++) {
      const length_bytes = Math.min(this.#targetSegment_bytes, end - at);
      const part = { offset_bytes: at, length_bytes, dataSn, final: at + length_bytes === end };
      this.#send(dataOut(r2t, part, this.#numbering.expStatSn), task.data.subarray(at, at + length_bytes));
      task.moved_bytes += length_bytes;
      at += length_bytes;
    }
  }

  #taskOf(header: Buffer): Slot {
    const task = this.#slots[header.readUInt32BE(16)];
    if (task?.done == null) throw new Error('Cannot go on as the target answers a command that is not under way');
    return task;
  }

  #fail(error: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#socket.destroy();
    this.onError(error);
  }
}

function digestOf(segment: Buffer): Buffer {
  const digest = Buffer.allocUnsafe(DIGEST_BYTES);
  digest.writeUInt32LE(crc32c([segment]), 0);
  return digest;
}

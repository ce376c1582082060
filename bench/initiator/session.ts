import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { crc32c } from '../../src/iscsi/crc32c.ts';
import { Reader } from './reader.ts';
import {
  DIGEST_BYTES,
  decodeKeys,
  encodeKeys,
  FINAL,
  HEADER_BYTES,
  IMMEDIATE,
  NO_TAG,
  OPCODE,
  padded,
  putLun,
  STATUS_INCLUDED,
} from './wire.ts';

const RECEIVE_BUFFER_BYTES = 256 * 1024;
const SETUP_TIMEOUT_MS = 10_000;
const READ_FLAG = 0x40;
const WRITE_FLAG = 0x20;
const SIMPLE_TASK = 1;
/** A new session may have unit attentions to tell first (power on, reset). */
const UNIT_ATTENTIONS = 4;

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

/** A command under way. Its headers are reused by the next one: what the socket was given has left by the response. */
class Slot {
  readonly header = Buffer.alloc(HEADER_BYTES);
  data: Buffer | null = null;
  expected_bytes = 0;
  received_bytes = 0;
  done: (() => void) | null = null;
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
  #cmdSn = 1;
  #expStatSn = 0;
  #maxCmdSn = 1;
  #immediateLimit_bytes = 0;
  #targetSegment_bytes = 8192;
  /** Waits for login responses and for the data of the commands of the set-up. */
  #expectation: ((header: Buffer, data: Buffer) => void) | null = null;
  #setUpData = Buffer.alloc(0);
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
    this.#slots = Array.from({ length: options.depth }, (_, tag) => newSlot(tag));
    this.#reader = new Reader((header, data, length_bytes) => this.#receive(header, data, length_bytes));
    // One receive buffer for the whole session instead of a new one for each chunk.
    const onread = {
      buffer: Buffer.allocUnsafe(RECEIVE_BUFFER_BYTES),
      callback: (count: number, buffer: Uint8Array) => this.#push(Buffer.from(buffer.buffer, buffer.byteOffset, count)),
    };
    this.#socket = connect({ host: options.host, port: options.port, noDelay: true, onread });
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error('Cannot go on as the target closed the connection')));
  }

  /** Collects what is sent meanwhile into one write. */
  batch(send: () => void): void {
    this.#socket.cork();
    send();
    this.#socket.uncork();
  }

  /** `slot` is free from the call of `done` on: at most one command at a time in each. */
  read(slot: number, lba: number, blocks: number, done: () => void): void {
    const expected_bytes = blocks * this.block_bytes;
    const task = this.#prepare(slot, READ_FLAG | FINAL, expected_bytes, done);
    putTransferCdb(task.header, 0x28, lba, blocks);
    this.#sendCommand(task, null);
  }

  /** As much as the target takes goes along with the command, the rest when it asks (it is never sent unsolicited). */
  write(slot: number, lba: number, data: Buffer, done: () => void): void {
    const task = this.#prepare(slot, WRITE_FLAG | FINAL, data.length, done);
    putTransferCdb(task.header, 0x2a, lba, data.length / this.block_bytes);
    task.data = data;
    task.received_bytes = data.length;
    const immediate_bytes = Math.min(data.length, this.#immediateLimit_bytes);
    this.#sendCommand(task, immediate_bytes > 0 ? data.subarray(0, immediate_bytes) : null);
  }

  /** SYNCHRONIZE CACHE (10) of the whole unit. */
  flush(slot: number, done: () => void): void {
    const task = this.#prepare(slot, FINAL, 0, done);
    task.header.fill(0, 32);
    task.header[32] = 0x35;
    this.#sendCommand(task, null);
  }

  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    const header = Buffer.alloc(HEADER_BYTES);
    header[0] = OPCODE.logoutRequest | IMMEDIATE;
    header[1] = FINAL;
    header.writeUInt32BE(this.#options.depth, 16);
    header.writeUInt32BE(this.#cmdSn, 24);
    header.writeUInt32BE(this.#expStatSn, 28);
    this.#send(header, null);
    this.#socket.end();
    const timer = setTimeout(() => this.#socket.destroy(), SETUP_TIMEOUT_MS);
    await once(this.#socket, 'close');
    clearTimeout(timer);
  }

  async #setUp(): Promise<void> {
    await once(this.#socket, 'connect');
    await this.#login();
    for (let attempt = 0; (await this.#setUpCommand([0x00], 0)) !== 0; attempt++) {
      if (attempt === UNIT_ATTENTIONS) throw new Error('Cannot use LUN 1: it is not ready');
    }
    // READ CAPACITY (16), SBC-3 §5.16: last LBA, then the length of a block.
    const cdb = [0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0];
    if ((await this.#setUpCommand(cdb, 32)) !== 0) throw new Error('Cannot read the capacity of LUN 1');
    this.blockCount = Number(this.#setUpData.readBigUInt64BE(0)) + 1;
    this.block_bytes = this.#setUpData.readUInt32BE(8);
  }

  async #login(): Promise<void> {
    const { iqn, initiatorName, digests } = this.#options;
    await this.#loginStep(0, 1, {
      InitiatorName: initiatorName,
      TargetName: iqn,
      SessionType: 'Normal',
      AuthMethod: 'None',
    });
    const digest = digests ? 'CRC32C' : 'None';
    // What open-iscsi asks for by default, but for InitialR2T: nothing is sent unsolicited here.
    const answers = await this.#loginStep(1, 3, {
      HeaderDigest: digest,
      DataDigest: digest,
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
    });
    for (const key of ['HeaderDigest', 'DataDigest']) {
      const answer = answers.get(key) ?? 'None';
      if (answer !== digest)
        throw new Error(`Cannot use the wanted ${key}: wanted ${digest}, the target says ${answer}`);
    }
    this.#reader.digests = digests;
    this.#targetSegment_bytes = Number(answers.get('MaxRecvDataSegmentLength') ?? 8192);
    const firstBurst_bytes = Number(answers.get('FirstBurstLength') ?? 65536);
    const immediate = (answers.get('ImmediateData') ?? 'Yes') === 'Yes';
    this.#immediateLimit_bytes = immediate ? Math.min(firstBurst_bytes, this.#targetSegment_bytes) : 0;
  }

  /** RFC 7143 §11.12. Stages: 0 security, 1 operational, 3 full feature. */
  async #loginStep(current: number, next: number, keys: Record<string, string>): Promise<Map<string, string>> {
    const text = encodeKeys(keys);
    const header = Buffer.alloc(HEADER_BYTES);
    header[0] = OPCODE.loginRequest | IMMEDIATE;
    header[1] = FINAL | (current << 2) | next;
    header.writeUIntBE(text.length, 5, 3);
    // An ISID of the random kind: 0x80, 24 bits, 16 bits of qualifier.
    header[8] = 0x80;
    header.writeUIntBE(process.pid & 0xff_ffff, 9, 3);
    header.writeUInt16BE(this.#options.qualifier, 12);
    header.writeUInt32BE(this.#cmdSn, 24);
    header.writeUInt32BE(this.#expStatSn, 28);
    const padding = Buffer.alloc(padded(text.length) - text.length);
    const answer = new Promise<Map<string, string>>((resolve, reject) => {
      this.#expectation = (response, data) => {
        const status = response.readUInt16BE(36);
        const stage = (response[1] ?? 0) & 3;
        if (status !== 0) reject(new Error(`Cannot log in: the target answers with status 0x${status.toString(16)}`));
        else if (!((response[1] ?? 0) & FINAL) || stage !== next)
          reject(new Error('Cannot log in: the target wants more'));
        else resolve(decodeKeys(data));
      };
    });
    this.#socket.write(Buffer.concat([header, text, padding]));
    return answer;
  }

  /** The status of a command whose data is kept in `#setUpData`. */
  #setUpCommand(cdb: readonly number[], expected_bytes: number): Promise<number> {
    const task = this.#prepare(0, FINAL | (expected_bytes > 0 ? READ_FLAG : 0), expected_bytes, () => {});
    task.header.fill(0, 32);
    task.header.set(cdb, 32);
    const status = new Promise<number>((resolve) => {
      this.#expectation = (header, data) => {
        // A Data-In PDU without status: the response follows.
        if (header[0] === OPCODE.dataIn) this.#setUpData = Buffer.from(data);
        if (header[0] === OPCODE.dataIn && !((header[1] ?? 0) & STATUS_INCLUDED)) return;
        resolve(header[3] ?? 0);
      };
    });
    this.#sendCommand(task, null);
    return status;
  }

  #prepare(index: number, flags: number, expected_bytes: number, done: () => void): Slot {
    const task = this.#slots[index] as Slot;
    task.header[1] = flags | SIMPLE_TASK;
    task.expected_bytes = expected_bytes;
    task.received_bytes = 0;
    task.data = null;
    task.done = done;
    return task;
  }

  #sendCommand(task: Slot, immediate: Buffer | null): void {
    // RFC 1982: compared as a signed difference of 32 bits.
    if (((this.#maxCmdSn - this.#cmdSn) | 0) < 0) {
      this.#fail(new Error('Cannot send a command as the window of the target is closed: use a smaller depth'));
      return;
    }
    const { header } = task;
    header.writeUIntBE(immediate?.length ?? 0, 5, 3);
    header.writeUInt32BE(task.expected_bytes, 20);
    header.writeUInt32BE(this.#cmdSn, 24);
    header.writeUInt32BE(this.#expStatSn, 28);
    this.#cmdSn = (this.#cmdSn + 1) >>> 0;
    this.#send(header, immediate);
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
    return !this.#ended;
  }

  #receive(header: Buffer, data: Buffer, length_bytes: number): void {
    const opcode = (header[0] as number) & 0x3f;
    if (opcode !== OPCODE.loginResponse || header.readUInt16BE(36) === 0) this.#maxCmdSn = header.readUInt32BE(32);
    if (this.#expectation !== null && opcode !== OPCODE.nopIn) {
      // The target's numbering of responses starts with its first login response.
      if (opcode !== OPCODE.dataIn || (header[1] as number) & STATUS_INCLUDED) this.#countStatus(header);
      this.#expectation(header, data);
      return;
    }
    if (opcode === OPCODE.dataIn) this.#receiveData(header, length_bytes);
    else if (opcode === OPCODE.scsiResponse) this.#receiveResponse(header);
    else if (opcode === OPCODE.r2t) this.#sendData(header);
    else if (opcode === OPCODE.nopIn) this.#answerNop(header);
    else if (opcode !== OPCODE.logoutResponse) {
      throw new Error(`Cannot go on as the target sent a PDU with opcode 0x${opcode.toString(16)}`);
    }
  }

  #countStatus(header: Buffer): void {
    this.#expStatSn = (header.readUInt32BE(24) + 1) >>> 0;
  }

  #receiveData(header: Buffer, length_bytes: number): void {
    const task = this.#taskOf(header);
    task.received_bytes += length_bytes;
    if ((header[1] as number) & STATUS_INCLUDED) this.#complete(header, task);
  }

  #receiveResponse(header: Buffer): void {
    this.#complete(header, this.#taskOf(header));
  }

  #complete(header: Buffer, task: Slot): void {
    this.#countStatus(header);
    const status = header[3] as number;
    if (status !== 0) throw new Error(`Cannot go on as a command ended with status 0x${status.toString(16)}`);
    if (task.received_bytes !== task.expected_bytes) {
      throw new Error(`Cannot go on as a command moved ${task.received_bytes} of ${task.expected_bytes} bytes`);
    }
    const { done } = task;
    task.done = null;
    done?.();
  }

  /** Answers an R2T (RFC 7143 §11.8) with as many Data-Out PDUs as the target's segment length makes of it. */
  #sendData(r2t: Buffer): void {
    const task = this.#taskOf(r2t);
    if (task.data === null) throw new Error('Cannot go on as the target asks for data of a command that has none');
    const start = r2t.readUInt32BE(40);
    const end = start + r2t.readUInt32BE(44);
    for (let at = start, dataSn = 0; at < end; dataSn++) {
      const length_bytes = Math.min(this.#targetSegment_bytes, end - at);
      const header = Buffer.alloc(HEADER_BYTES);
      header[0] = OPCODE.dataOut;
      header[1] = at + length_bytes === end ? FINAL : 0;
      header.writeUIntBE(length_bytes, 5, 3);
      putLun(header);
      r2t.copy(header, 16, 16, 24);
      header.writeUInt32BE(this.#expStatSn, 28);
      header.writeUInt32BE(dataSn, 36);
      header.writeUInt32BE(at, 40);
      this.#send(header, task.data.subarray(at, at + length_bytes));
      at += length_bytes;
    }
  }

  #answerNop(nopIn: Buffer): void {
    if (nopIn.readUInt32BE(20) === NO_TAG) return;
    const header = Buffer.alloc(HEADER_BYTES);
    header[0] = OPCODE.nopOut | IMMEDIATE;
    header[1] = FINAL;
    nopIn.copy(header, 8, 8, 16);
    header.writeUInt32BE(NO_TAG, 16);
    nopIn.copy(header, 20, 20, 24);
    header.writeUInt32BE(this.#cmdSn, 24);
    header.writeUInt32BE(this.#expStatSn, 28);
    this.#send(header, null);
  }

  #taskOf(header: Buffer): Slot {
    const task = this.#slots[header.readUInt32BE(16)];
    if (task?.done == null) throw new Error('Cannot go on as the target answers a command that is not under way');
    return task;
  }

  /** From the set-up on, data of reads is only counted. */
  startLoad(): void {
    this.#expectation = null;
    this.#reader.keepsDataIn = false;
  }

  #fail(error: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#socket.destroy();
    this.onError(error);
  }
}

function newSlot(tag: number): Slot {
  const slot = new Slot();
  slot.header[0] = OPCODE.scsiCommand;
  putLun(slot.header);
  slot.header.writeUInt32BE(tag, 16);
  return slot;
}

/** READ (10) and WRITE (10), SBC-3 §5.8, §5.29. */
function putTransferCdb(header: Buffer, operationCode: number, lba: number, blocks: number): void {
  header[32] = operationCode;
  header[33] = 0;
  header.writeUInt32BE(lba, 34);
  header[38] = 0;
  header.writeUInt16BE(blocks, 39);
  header.fill(0, 41);
}

function digestOf(segment: Buffer): Buffer {
  const digest = Buffer.allocUnsafe(DIGEST_BYTES);
  digest.writeUInt32LE(crc32c([segment]), 0);
  return digest;
}

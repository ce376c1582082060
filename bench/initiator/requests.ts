import { FINAL, HEADER_BYTES, IMMEDIATE, NO_TAG, OPCODE, putLun, putWord } from './wire.ts';

const SIMPLE_TASK = 1;
const READ_FLAG = 0x40;
const WRITE_FLAG = 0x20;

/** Flags of a command that reads, that writes, and that moves no data (RFC 7143 §11.3.1). */
export const COMMAND_FLAGS = {
  read: FINAL | SIMPLE_TASK | READ_FLAG,
  write: FINAL | SIMPLE_TASK | WRITE_FLAG,
  none: FINAL | SIMPLE_TASK,
} as const;

/** Numbers that every request carries (RFC 7143 §4.2.2). */
export interface Numbering {
  cmdSn: number;
  expStatSn: number;
}

/**
 * RFC 7143 §11.12. Stages: 0 security, 1 operational, 3 full feature; `next` is `null` where the stage goes on. The ISID is of the
 * random kind, `qualifier` its last 16 bits.
 */
export function loginRequest(
  stages: { current: number; next: number | null },
  qualifier: number,
  text_bytes: number,
  numbering: Numbering,
): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header[0] = OPCODE.loginRequest | IMMEDIATE;
  header[1] = (stages.current << 2) | (stages.next === null ? 0 : FINAL | stages.next);
  header.writeUIntBE(text_bytes, 5, 3);
  header[8] = 0x80;
  header.writeUIntBE(process.pid & 0xff_ffff, 9, 3);
  header.writeUInt16BE(qualifier, 12);
  putNumbering(header, numbering);
  return header;
}

/** RFC 7143 §11.14: closes the session. */
export function logoutRequest(initiatorTaskTag: number, numbering: Numbering): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header[0] = OPCODE.logoutRequest | IMMEDIATE;
  header[1] = FINAL;
  header.writeUInt32BE(initiatorTaskTag, 16);
  putNumbering(header, numbering);
  return header;
}

/** RFC 7143 §11.18: the answer to a ping of the target, `null` where it wants none. */
export function nopAnswer(nopIn: Buffer, numbering: Numbering): Buffer | null {
  if (nopIn.readUInt32BE(20) === NO_TAG) return null;
  const header = Buffer.alloc(HEADER_BYTES);
  header[0] = OPCODE.nopOut | IMMEDIATE;
  header[1] = FINAL;
  nopIn.copy(header, 8, 8, 16);
  header.writeUInt32BE(NO_TAG, 16);
  nopIn.copy(header, 20, 20, 24);
  putNumbering(header, numbering);
  return header;
}

/** RFC 7143 §11.7: a part of the data that an R2T asks for. */
export function dataOut(
  r2t: Buffer,
  part: { offset_bytes: number; length_bytes: number; dataSn: number; final: boolean },
  expStatSn: number,
): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header[0] = OPCODE.dataOut;
  header[1] = part.final ? FINAL : 0;
  header.writeUIntBE(part.length_bytes, 5, 3);
  putLun(header);
  r2t.copy(header, 16, 16, 24);
  header.writeUInt32BE(expStatSn, 28);
  header.writeUInt32BE(part.dataSn, 36);
  header.writeUInt32BE(part.offset_bytes, 40);
  return header;
}

/** A SCSI command to LUN 1 at `at` of `bytes`, but for its CDB (RFC 7143 §11.3). */
export function putCommand(
  bytes: Buffer,
  at: number,
  command: { flags: number; tag: number; expected_bytes: number; immediate_bytes: number },
  numbering: Numbering,
): void {
  putWord(bytes, at, (OPCODE.scsiCommand << 24) | (command.flags << 16));
  putWord(bytes, at + 4, command.immediate_bytes);
  putWord(bytes, at + 8, 0x0001_0000);
  putWord(bytes, at + 12, 0);
  putWord(bytes, at + 16, command.tag);
  putWord(bytes, at + 20, command.expected_bytes);
  putWord(bytes, at + 24, numbering.cmdSn);
  putWord(bytes, at + 28, numbering.expStatSn);
}

/** READ (10) and WRITE (10), SBC-3 §5.11 and §5.32. */
export function putTransferCdb(bytes: Buffer, at: number, operation: number, lba: number, blocks: number): void {
  putWord(bytes, at + 32, (operation << 24) | (lba >>> 16));
  putWord(bytes, at + 36, (lba << 16) | (blocks >>> 8));
  putWord(bytes, at + 40, blocks << 24);
  putWord(bytes, at + 44, 0);
}

export function putCdb(bytes: Buffer, at: number, cdb: readonly number[]): void {
  bytes.fill(0, at + 32, at + HEADER_BYTES);
  bytes.set(cdb, at + 32);
}

function putNumbering(header: Buffer, { cmdSn, expStatSn }: Numbering): void {
  header.writeUInt32BE(cmdSn, 24);
  header.writeUInt32BE(expStatSn, 28);
}

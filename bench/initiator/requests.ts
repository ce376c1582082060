import { FINAL, HEADER_BYTES, IMMEDIATE, NO_TAG, OPCODE, putLun } from './wire.ts';

const SIMPLE_TASK = 1;
const READ_FLAG = 0x40;
const WRITE_FLAG = 0x20;

/** Numbers that every request carries (RFC 7143 §4.2.2). */
export interface Numbering {
  cmdSn: number;
  expStatSn: number;
}

/** RFC 7143 §11.12. Stages: 0 security, 1 operational, 3 full feature. The ISID is of the random kind, `qualifier` its last 16 bits. */
export function loginRequest(
  stages: { current: number; next: number },
  qualifier: number,
  text_bytes: number,
  numbering: Numbering,
): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header[0] = OPCODE.loginRequest | IMMEDIATE;
  header[1] = FINAL | (stages.current << 2) | stages.next;
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

/** A header that is filled again for each command with this tag (RFC 7143 §11.3). */
export function commandHeader(initiatorTaskTag: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header[0] = OPCODE.scsiCommand;
  putLun(header);
  header.writeUInt32BE(initiatorTaskTag, 16);
  return header;
}

/** What a command's header says besides its CDB. */
export function putCommand(
  header: Buffer,
  command: { direction: 'read' | 'write' | 'none'; expected_bytes: number; immediate_bytes: number },
  numbering: Numbering,
): void {
  const { direction } = command;
  header[1] = FINAL | SIMPLE_TASK | (direction === 'read' ? READ_FLAG : direction === 'write' ? WRITE_FLAG : 0);
  header.writeUIntBE(command.immediate_bytes, 5, 3);
  header.writeUInt32BE(command.expected_bytes, 20);
  putNumbering(header, numbering);
}

/** READ (10) and WRITE (10), SBC-3 §5.11 and §5.32. */
export function putTransferCdb(header: Buffer, direction: 'read' | 'write', lba: number, blocks: number): void {
  header[32] = direction === 'read' ? 0x28 : 0x2a;
  header[33] = 0;
  header.writeUInt32BE(lba, 34);
  header[38] = 0;
  header.writeUInt16BE(blocks, 39);
  header.fill(0, 41);
}

export function putCdb(header: Buffer, cdb: readonly number[]): void {
  header.fill(0, 32);
  header.set(cdb, 32);
}

function putNumbering(header: Buffer, { cmdSn, expStatSn }: Numbering): void {
  header.writeUInt32BE(cmdSn, 24);
  header.writeUInt32BE(expStatSn, 28);
}

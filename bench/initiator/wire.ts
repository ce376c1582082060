/**
 * The few PDUs that a load needs (RFC 7143 §11). Each has a basic header segment of 48 bytes:
 *
 *     0      opcode (0x40: immediate)      1      flags
 *     4      additional header words       5..7   length of the data segment
 *     8..15  LUN (in a login: ISID, TSIH)  16..19 initiator task tag
 *     20..47 what the kind of PDU needs
 */
export const HEADER_BYTES = 48;
export const DIGEST_BYTES = 4;

export const OPCODE = {
  nopOut: 0x00,
  scsiCommand: 0x01,
  loginRequest: 0x03,
  dataOut: 0x05,
  logoutRequest: 0x06,
  nopIn: 0x20,
  scsiResponse: 0x21,
  loginResponse: 0x23,
  dataIn: 0x25,
  logoutResponse: 0x26,
  r2t: 0x31,
} as const;
export const IMMEDIATE = 0x40;
export const FINAL = 0x80;
/** The status flag of a Data-In PDU: the response is in it. */
export const STATUS_INCLUDED = 0x01;
export const NO_TAG = 0xffff_ffff;

/** Data segments are padded to whole words of four bytes. */
export function padded(length_bytes: number): number {
  return (length_bytes + 3) & ~3;
}

/** A big-endian word of 32 bits, without the checks of Buffer's own methods. */
export function putWord(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

export function wordAt(bytes: Buffer, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}

/** LUN 1 in the flat form of SAM-5 §4.7: 0 in byte 8, the number in byte 9. */
export function putLun(header: Buffer): void {
  header[9] = 1;
}

/** Keys of a login as text: each ends with a zero byte (RFC 7143 §6.1). */
export function encodeKeys(keys: Readonly<Record<string, string>>): Buffer {
  return Buffer.from(
    Object.entries(keys)
      .map(([key, value]) => `${key}=${value}\0`)
      .join(''),
  );
}

export function decodeKeys(text: Buffer): Map<string, string> {
  const pairs = text.toString('utf8').split('\0').filter(Boolean);
  return new Map(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      return [pair.slice(0, at), pair.slice(at + 1)] as const;
    }),
  );
}

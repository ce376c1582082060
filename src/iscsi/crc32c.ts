/** CRC-32C (Castagnoli), reflected polynomial 0x82f63b78 (RFC 7143 §13.1, RFC 3385). Slicing-by-8. */
const TABLES: readonly Uint32Array[] = makeTables();

function makeTables(): Uint32Array[] {
  const first = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    first[byte] = crc;
  }
  const tables = [first];
  for (let slice = 1; slice < 8; slice++) {
    const previous = tables[slice - 1] as Uint32Array;
    tables.push(previous.map((crc) => (first[crc & 0xff] as number) ^ (crc >>> 8)));
  }
  return tables;
}

const [T0, T1, T2, T3, T4, T5, T6, T7] = TABLES as [
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
];

/** The checksum of the buffers, one after the other, as a number. On the wire it is little-endian. */
export function crc32c(buffers: readonly Uint8Array[]): number {
  let crc = -1;
  for (const buffer of buffers) crc = update(crc, buffer);
  return ~crc >>> 0;
}

function update(start: number, bytes: Uint8Array): number {
  let crc = start;
  let at = 0;
  const whole = bytes.length - (bytes.length % 8);
  // Array reads in range are never undefined: the casts keep the loop free of checks.
  for (; at < whole; at += 8) {
    crc ^=
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
    crc =
      (T7[crc & 0xff] as number) ^
      (T6[(crc >>> 8) & 0xff] as number) ^
      (T5[(crc >>> 16) & 0xff] as number) ^
      (T4[crc >>> 24] as number) ^
      (T3[bytes[at + 4] as number] as number) ^
      (T2[bytes[at + 5] as number] as number) ^
      (T1[bytes[at + 6] as number] as number) ^
      (T0[bytes[at + 7] as number] as number);
  }
  for (; at < bytes.length; at++) crc = (T0[(crc ^ (bytes[at] as number)) & 0xff] as number) ^ (crc >>> 8);
  return crc;
}

/**
 * The number in an 8-byte LUN field (SAM-5 §4.7): peripheral and flat addressing, first level only.
 * `undefined` for addresses of other kinds: no such unit exists here.
 *
 *     0  address method (2 bits), bus or high bits    1  number    2..7  zero
 */
export function decodeLun(header: Buffer): number | undefined {
  const first = header.readUInt16BE(8);
  if (header.readUIntBE(10, 6) !== 0) return undefined;
  const method = first >> 14;
  if (method === 0 && first >> 8 === 0) return first & 0xff;
  if (method === 1) return first & 0x3fff;
  return undefined;
}

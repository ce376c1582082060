import { crc32c as update } from '@node-rs/crc32';

/**
 * The CRC-32C (Castagnoli, RFC 7143 §13.1, RFC 3385) of the buffers, one after the other, as a number. On the wire it is
 * little-endian.
 */
export function crc32c(buffers: readonly Buffer[]): number {
  let crc = 0;
  for (const buffer of buffers) crc = update(buffer, crc);
  return crc;
}

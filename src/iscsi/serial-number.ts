/** 32-bit serial number arithmetic (RFC 1982 with SERIAL_BITS = 32, as RFC 7143 §4.2.2 requires). */

/** `a < b`. */
export function serialLess(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}

export function serialAdd(a: number, count: number): number {
  return (a + count) >>> 0;
}

const ZEROES = Buffer.alloc(65_536);

/** Whether every byte is zero. Checks the first bytes separately, because most data differs there. */
export function isZero(buffers: readonly Buffer[]): boolean {
  for (const buffer of buffers) {
    if (buffer.length > 0 && (buffer[0] !== 0 || buffer[buffer.length - 1] !== 0)) return false;
  }
  return buffers.every(isZeroBuffer);
}

function isZeroBuffer(buffer: Buffer): boolean {
  for (let start = 0; start < buffer.length; start += ZEROES.length) {
    const end = Math.min(start + ZEROES.length, buffer.length);
    if (buffer.compare(ZEROES, 0, end - start, start, end) !== 0) return false;
  }
  return true;
}

/** Zeroes to write, `length_bytes` long at most one MiB: a longer range takes several. */
export function zeroes(length_bytes: number): Buffer[] {
  const whole = Math.min(Math.floor(length_bytes / ZEROES.length), 16);
  if (whole === 0) return [ZEROES.subarray(0, length_bytes)];
  return Array.from({ length: whole }, () => ZEROES);
}

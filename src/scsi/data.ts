/** `buffers` joined; without copying if there is only one. */
export function join(buffers: readonly Buffer[]): Buffer {
  const [first] = buffers;
  return buffers.length === 1 && first !== undefined ? first : Buffer.concat(buffers);
}

/** The offset of the first byte in which two buffers of one length differ; -1 where they are equal. */
export function firstDifference(a: Buffer, b: Buffer): number {
  if (a.equals(b)) return -1;
  let start = 0;
  let end = a.length;
  while (end - start > 1) {
    const middle = (start + end) >>> 1;
    if (a.compare(b, start, middle, start, middle) === 0) start = middle;
    else end = middle;
  }
  return start;
}

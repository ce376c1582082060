/** The first `length_bytes` of `buffers`, without copying. */
export function take(buffers: readonly Buffer[], length_bytes: number): readonly Buffer[] {
  const taken: Buffer[] = [];
  let missing = length_bytes;
  for (const buffer of buffers) {
    if (missing <= 0) break;
    taken.push(buffer.length <= missing ? buffer : buffer.subarray(0, missing));
    missing -= buffer.length;
  }
  return taken;
}

/** The rest of `buffers` after the first `length_bytes`, without copying. */
export function skip(buffers: readonly Buffer[], length_bytes: number): Buffer[] {
  const rest: Buffer[] = [];
  for (const buffer of buffers) {
    if (length_bytes >= buffer.length) {
      length_bytes -= buffer.length;
    } else {
      rest.push(length_bytes === 0 ? buffer : buffer.subarray(length_bytes));
      length_bytes = 0;
    }
  }
  return rest;
}

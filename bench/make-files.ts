import { randomBytes } from 'node:crypto';
import { closeSync, openSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { INITIATOR_NAME, type ServedHost } from './targets/target.ts';

const MIB = 1024 * 1024;

/** Written through, so that no read meets a hole and all of it is in the page cache. Its path. */
export function makeFile(path: string, size_bytes: number): string {
  const descriptor = openSync(path, 'w', 0o600);
  const block = Buffer.alloc(MIB, 'The quick brown fox jumps over the lazy dog. ');
  for (let offset = 0; offset < size_bytes; offset += MIB) writeSync(descriptor, block, 0, MIB, offset);
  closeSync(descriptor);
  return path;
}

/** Without a block: to be filled through the target that serves it. Its path. */
export function makeSparseFile(path: string, size_bytes: number): string {
  writeFileSync(path, '', { mode: 0o600 });
  truncateSync(path, size_bytes);
  return path;
}

/** Hosts with a file, a name to log in with and a secret each. */
export function makeHosts(
  folder: string,
  role: string,
  count: number,
  size_bytes: number,
  make: typeof makeFile = makeFile,
): ServedHost[] {
  return Array.from({ length: count }, (_, index) => {
    const name = `${role}-host-${String(index + 1).padStart(2, '0')}`;
    return {
      name,
      iqn: `iqn.2026-01.example.bench:${name}`,
      initiatorName: `${INITIATOR_NAME}-${name}`,
      chap: { user: name, secret: randomBytes(12).toString('hex') },
      file: make(join(folder, `${name}.img`), size_bytes),
      size_bytes,
    };
  });
}

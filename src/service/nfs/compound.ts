import { nfsStatusName } from './nfs-status.ts';
import { type XdrReader, XdrWriter } from './xdr.ts';

/** ONC RPC's numbers of NFSv4 (RFC 7530 §16.2). */
export const NFS_PROGRAM = 100003;
export const NFS_VERSION = 4;
export const COMPOUND_PROCEDURE = 1;

/** Operations (RFC 7530 §16). */
const LOOKUP = 15;
const PUTROOTFH = 24;
const READ = 25;

/**
 * The READ bypass stateid, all ones (RFC 7530 §9.1.4.3). It needs no OPEN and no client id. Linux's nfsd answers the
 * anonymous stateid (all zeroes) with NFS4ERR_GRACE until the grace period is over, and this one at once: so a service
 * can be seen from outside while its clients are still reclaiming their locks.
 */
const READ_BYPASS_STATEID = Buffer.alloc(16, 0xff);

/** The server executed the COMPOUND up to `operation`, which failed with `status`, e.g. `NFS4ERR_NOENT`. */
export class NfsRefusal extends Error {
  override readonly name = 'NfsRefusal';
  readonly status: string;
  readonly operation: string;

  constructor(status: string, operation: string) {
    super(`The server answered ${status} to ${operation}`);
    this.status = status;
    this.operation = operation;
  }
}

/**
 * The arguments of a COMPOUND that reads the first `count_bytes` of the file at `path` (components from the pseudo root).
 *
 *     tag opaque | minorversion 4 | number of operations 4 | PUTROOTFH | LOOKUP opaque … | READ: stateid 16, offset 8, count 4
 *
 * RFC 7530 §15.2 (COMPOUND), §16.15 (LOOKUP), §16.22 (PUTROOTFH), §16.23 (READ).
 */
export function encodeReadCompound(path: readonly string[], count_bytes: number): Buffer {
  const writer = new XdrWriter()
    .opaque('') // tag
    .uint32(0) // minor version
    .uint32(path.length + 2)
    .uint32(PUTROOTFH);
  for (const component of path) writer.uint32(LOOKUP).opaque(component);
  return writer.uint32(READ).fixedOpaque(READ_BYPASS_STATEID).uint64(0n).uint32(count_bytes).toBuffer();
}

/**
 * What such a COMPOUND read. Throws `NfsRefusal` naming the operation that failed, and `RangeError` if the answer does not
 * fit the question.
 *
 *     status 4 | tag opaque | number of results 4 | {operation 4, status 4, [READ: eof 4, data opaque]} …
 */
export function decodeReadCompound(reader: XdrReader, path: readonly string[]): { data: Buffer; endOfFile: boolean } {
  const status = reader.uint32();
  reader.opaque(); // tag
  const resultCount = reader.uint32();
  const steps = ['PUTROOTFH', ...path.map((component) => `LOOKUP ${JSON.stringify(component)}`), 'READ'];
  if (resultCount > steps.length) {
    throw new RangeError(`Expected a COMPOUND with ${steps.length} results, received ${resultCount}`);
  }
  if (resultCount === 0) throw new NfsRefusal(nfsStatusName(status), 'COMPOUND');
  for (const step of steps.slice(0, resultCount)) {
    reader.uint32(); // the operation's number again
    const stepStatus = reader.uint32();
    if (stepStatus !== 0) throw new NfsRefusal(nfsStatusName(stepStatus), step);
  }
  if (resultCount < steps.length) throw new NfsRefusal(nfsStatusName(status), steps[resultCount] ?? 'COMPOUND');
  const endOfFile = reader.uint32() !== 0;
  return { data: reader.opaque(), endOfFile };
}

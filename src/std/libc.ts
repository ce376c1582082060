import { constants as osConstants } from 'node:os';
import { getSystemErrorName } from 'node:util';

/** `fallocate(2)`: FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE. */
const PUNCH_HOLE_KEEP_SIZE = 0x02 | 0x01;
/** `lseek(2)`. */
const SEEK_DATA = 3;
const SEEK_HOLE = 4;
/** `flock(2)`: LOCK_EX | LOCK_NB. */
const LOCK_EXCLUSIVE_NOW = 2 | 4;
/** `preadv2(2)`. */
const RWF_NOWAIT = 0x08n;

/** System calls that Node does not offer. All are synchronous and throw an error with an errno code. */
export interface Libc {
  punchHole(fd: number, offset_bytes: number, length_bytes: number): void;
  /** The next byte at or after `offset_bytes` that is not in a hole; `undefined` if only a hole follows. */
  nextData(fd: number, offset_bytes: number): number | undefined;
  /** The next hole at or after `offset_bytes`; the end of the file counts as one. */
  nextHole(fd: number, offset_bytes: number): number;
  /**
   * Reads what is in the page cache, without waiting for the disk. Returns the number of bytes, which may be fewer than
   * requested. Throws `EOPNOTSUPP` if the file system does not support it.
   */
  readCached(fd: number, target: Buffer, offset_bytes: number): number;
  /** Takes the exclusive advisory lock; false if another process holds it. */
  tryLock(fd: number): boolean;
  /** `fsync(2)`: returns when the file (or the directory's entries) is on the disk, which may take long. */
  sync(fd: number): void;
}

/**
 * Binds the C library through `node:ffi`. That module is experimental and may be missing, or forbidden by the permission
 * model (`--allow-ffi`). The result is then `undefined`, and the caller works without it.
 */
export function loadLibc(): Libc | undefined {
  const ffi = process.getBuiltinModule('node:ffi');
  if (ffi === undefined) return undefined;
  try {
    return bind(ffi);
  } catch {
    return undefined;
  }
}

function bind(ffi: typeof import('node:ffi')): Libc {
  const { functions } = ffi.dlopen(null, {
    fallocate: { arguments: ['i32', 'i32', 'i64', 'i64'], return: 'i32' },
    lseek: { arguments: ['i32', 'i64', 'i32'], return: 'i64' },
    flock: { arguments: ['i32', 'i32'], return: 'i32' },
    fsync: { arguments: ['i32'], return: 'i32' },
    // Called for each block read. Optimised code calls a function directly if all its arguments are `pointer`; any other
    // type adds a check per argument, which takes longer than entering the system call. On the 64-bit machines for which
    // Node has node:ffi, an integer is passed in a register just as an address is.
    preadv2: { arguments: ['pointer', 'pointer', 'pointer', 'pointer', 'pointer'], return: 'i32' },
    __errno_location: { arguments: [], return: 'pointer' },
  });
  const errno = (): number => ffi.getInt32(functions.__errno_location());
  const seek = (fd: number, offset_bytes: number, whence: number): number | undefined => {
    const position = functions.lseek(fd, BigInt(offset_bytes), whence);
    if (position >= 0n) return Number(position);
    const code = errno();
    if (code === osConstants.errno.ENXIO) return undefined;
    throw errnoError(code, 'lseek');
  };
  // One `struct iovec`, reused for every call: calls are synchronous.
  const vector = new BigUint64Array(2);
  const vectorAt = ffi.getRawPointer(vector);
  // Nearly always the same as in the previous call: reusing the BigInt creates no garbage.
  let [lastFd, fdArgument, lastLength_bytes] = [-1, -1n, -1];
  return {
    readCached(fd, target, offset_bytes) {
      vector[0] = ffi.getRawPointer(target);
      if (target.length !== lastLength_bytes) {
        lastLength_bytes = target.length;
        vector[1] = BigInt(lastLength_bytes);
      }
      if (fd !== lastFd) {
        lastFd = fd;
        fdArgument = BigInt(fd);
      }
      const count = functions.preadv2(fdArgument, vectorAt, 1n, BigInt(offset_bytes), RWF_NOWAIT);
      if (count >= 0) return count;
      const code = errno();
      if (code === osConstants.errno.EAGAIN) return 0;
      throw errnoError(code, 'preadv2');
    },
    punchHole(fd, offset_bytes, length_bytes) {
      const result = functions.fallocate(fd, PUNCH_HOLE_KEEP_SIZE, BigInt(offset_bytes), BigInt(length_bytes));
      if (result !== 0) throw errnoError(errno(), 'fallocate');
    },
    nextData: (fd, offset_bytes) => seek(fd, offset_bytes, SEEK_DATA),
    nextHole: (fd, offset_bytes) => seek(fd, offset_bytes, SEEK_HOLE) ?? offset_bytes,
    tryLock(fd) {
      if (functions.flock(fd, LOCK_EXCLUSIVE_NOW) === 0) return true;
      const code = errno();
      if (code === osConstants.errno.EWOULDBLOCK) return false;
      throw errnoError(code, 'flock');
    },
    sync(fd) {
      if (functions.fsync(fd) !== 0) throw errnoError(errno(), 'fsync');
    },
  };
}

/** Shaped like the errors of `node:fs`. */
export function errnoError(errno: number, syscall: string): NodeJS.ErrnoException {
  const code = getSystemErrorName(-errno);
  return Object.assign(new Error(`${code}: ${syscall}`), { code, errno: -errno, syscall });
}

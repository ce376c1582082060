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

/** The system calls that Node has no function for. All are synchronous and throw an error with an errno-like code. */
export interface Libc {
  punchHole(fd: number, offset_bytes: number, length_bytes: number): void;
  /** The next byte at or after `offset_bytes` that is not in a hole; `undefined` where only a hole follows. */
  nextData(fd: number, offset_bytes: number): number | undefined;
  /** The next hole at or after `offset_bytes`; the end of the file counts as one. */
  nextHole(fd: number, offset_bytes: number): number;
  /**
   * Reads what can be had without waiting for the disk: the number of bytes, fewer than asked for where the rest isn't in the
   * page cache. Throws `EOPNOTSUPP` where the file system cannot tell.
   */
  readCached(fd: number, target: Buffer, offset_bytes: number): number;
  /** Takes the exclusive advisory lock, or says that somebody else has it. */
  tryLock(fd: number): boolean;
  /** `fsync(2)`: returns when everything that belongs to the file is on the disk, which may take long; of a directory, its names. */
  sync(fd: number): void;
}

/**
 * Binds the C library through `node:ffi`. That module is experimental and may be missing or forbidden by the permission
 * model (`--allow-ffi`): then the answer is `undefined`, and the caller does without.
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
    // Called for each block that is read. A function whose arguments are all `pointer` is called by optimised code as it is; any other type goes through a
    // check of each argument, which takes longer than the system call's own entry. On the 64-bit machines that Node has node:ffi
    // for, an integer is passed in a register as an address is.
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
  // One `struct iovec`, filled anew for each call: calls are synchronous.
  const vector = new BigUint64Array(2);
  const vectorAt = ffi.getRawPointer(vector);
  // Nearly always those of the call before: a BigInt that is not made is not collected either.
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

/** As those of `node:fs` are. */
export function errnoError(errno: number, syscall: string): NodeJS.ErrnoException {
  const code = getSystemErrorName(-errno);
  return Object.assign(new Error(`${code}: ${syscall}`), { code, errno: -errno, syscall });
}

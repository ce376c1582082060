import { errnoError } from './libc.ts';

/** `uv_req_type` of libuv: UV_FS. */
const FILE_REQUEST = 6;

type Done = (error: NodeJS.ErrnoException | null) => void;

/** Calls `fdatasync(2)` in the thread pool of this process. */
export type DataSyncInPool = (fd: number, done: Done) => void;

/**
 * Calls the libuv function behind Node's `fdatasync` directly, because the permission model refuses Node's own: the same
 * event loop, the same threads. A JavaScript thread would cost each process 14 MB, and each flush two messages.
 *
 * libuv calls back between two turns of the event loop, where nothing may throw. `done` is therefore called soon after, in its own turn.
 * @throws Error if `node:ffi` is missing or not allowed
 */
export function bindDataSync(): DataSyncInPool {
  const ffi = process.getBuiltinModule('node:ffi');
  if (ffi === undefined) {
    throw new Error('Cannot flush to disk under the permission model without node:ffi: start Node with --allow-ffi');
  }
  const { lib, functions } = ffi.dlopen(null, {
    uv_req_size: { arguments: ['i32'], return: 'u64' },
    uv_fs_fdatasync: { arguments: ['pointer', 'pointer', 'i32', 'pointer'], return: 'i32' },
    uv_fs_get_result: { arguments: ['pointer'], return: 'i64' },
    uv_fs_req_cleanup: { arguments: ['pointer'], return: 'void' },
  });
  const loop = ffi.getCurrentEventLoop();
  const request_bytes = Number(functions.uv_req_size(FILE_REQUEST));
  /** By address. The memory must stay allocated until libuv has called back. */
  const underWay = new Map<bigint, { memory: Buffer; done: Done }>();

  const finished = lib.registerCallback({ arguments: ['pointer'], return: 'void' }, (address) => {
    const request = address as bigint;
    const result = Number(functions.uv_fs_get_result(request));
    functions.uv_fs_req_cleanup(request);
    const done = underWay.get(request)?.done;
    underWay.delete(request);
    setImmediate(() => done?.(result === 0 ? null : errnoError(-result, 'fdatasync')));
  });

  return (fd, done) => {
    const memory = Buffer.alloc(request_bytes);
    const request = ffi.getRawPointer(memory);
    underWay.set(request, { memory, done });
    const refused = functions.uv_fs_fdatasync(loop, request, fd, finished);
    if (refused === 0) return;
    underWay.delete(request);
    setImmediate(() => done(errnoError(-refused, 'fdatasync')));
  };
}

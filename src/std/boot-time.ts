import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';

/** `clock_gettime(2)`. */
const CLOCK_BOOTTIME = 7n;
const BOOT_ID_PATH = '/proc/sys/kernel/random/boot_id';

/**
 * Milliseconds since the machine booted, with fractions: `CLOCK_BOOTTIME`, which cannot be set and which keeps running while the
 * machine is suspended. `performance.now` and `process.hrtime` are `CLOCK_MONOTONIC`, which stands still then.
 */
export function readBootTime_ms(): number {
  read ??= bindClock() ?? (() => uptime() * 1000);
  return read();
}

let read: (() => number) | undefined;
let knownBootId: string | undefined;

/** Names this run of the kernel: a boot time says something only beside it. */
export function readBootId(): string {
  knownBootId ??= readFileSync(BOOT_ID_PATH, 'utf8').trim();
  return knownBootId;
}

/**
 * `clock_gettime` through `node:ffi`: to the nanosecond, and as cheap as `performance.now`. Where that is missing or forbidden by the permission
 * model there is `os.uptime`: the same clock, but read from `/proc/uptime`, so to 10 ms, in some 10 µs.
 */
function bindClock(): (() => number) | undefined {
  const ffi = process.getBuiltinModule('node:ffi');
  if (ffi === undefined) return undefined;
  try {
    // Arguments that are all `pointer` take the fast way: see `libc.ts`.
    const { functions } = ffi.dlopen(null, {
      clock_gettime: { arguments: ['pointer', 'pointer'], return: 'i32' },
    });
    // `struct timespec`: seconds and nanoseconds. The buffer is made first, so that it never moves.
    const time = new BigInt64Array(new ArrayBuffer(16));
    const timeAt = ffi.getRawPointer(time);
    return () => {
      functions.clock_gettime(CLOCK_BOOTTIME, timeAt);
      return Number(time[0]) * 1000 + Number(time[1]) / 1e6;
    };
  } catch {
    return undefined;
  }
}

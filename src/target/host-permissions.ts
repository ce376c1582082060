import { dirname, join } from 'node:path';
import { KILL_PREFERENCE } from './give-way.ts';

const ROOT = dirname(dirname(import.meta.dirname));
/** The sizes and the names of block devices. */
const DEVICES = '/sys/dev/block';
/** Needed to find out whether the file system was remounted since a record was written. */
const FILE_SYSTEMS = '/sys/fs';
/** Needed to find out whether the machine lost power since a record was written. */
const BOOT_ID = '/proc/sys/kernel/random/boot_id';
/**
 * Limit of the JavaScript heap, several times the normal use: a process that leaks ends and is restarted long before the
 * machine runs out of memory. Data in flight is not on that heap; it has its own limits (`LIMITS`).
 */
const HEAP_MIB = 256;

/**
 * The command-line options of a host's process: Node's permission model. It may read the program, and read and write the host's
 * own folder and leg. It has no network except the sockets handed to it, no child process and no other file. `node:ffi` flushes,
 * punches holes and reports what is cached; the addon computes CRC32C.
 *
 * The permission model does not restrict native code (Node's own documentation says so): the systemd unit restricts the whole process.
 * @param owned Folder and leg; nothing for the process that serves no host.
 */
export function hostPermissions(owned: readonly string[]): string[] {
  const program = ['src', 'node_modules', 'package.json'].map((name) => join(ROOT, name));
  const readable = [...program, DEVICES, FILE_SYSTEMS, BOOT_ID, KILL_PREFERENCE];
  return [
    '--permission',
    ...[...readable, ...owned].map((path) => `--allow-fs-read=${path}`),
    ...[...owned, KILL_PREFERENCE].map((path) => `--allow-fs-write=${path}`),
    `--max-old-space-size=${HEAP_MIB}`,
    '--allow-addons',
    ...(owned.length > 0 ? ['--allow-ffi'] : []),
    '--disable-warning=ExperimentalWarning',
    '--disable-warning=SecurityWarning',
  ];
}

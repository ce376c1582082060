import { dirname, join } from 'node:path';
import { KILL_PREFERENCE } from './give-way.ts';

const ROOT = dirname(dirname(import.meta.dirname));
/** The sizes and the names of block devices. */
const DEVICES = '/sys/dev/block';
/** Tells whether the file system was mounted again since a record was written. */
const FILE_SYSTEMS = '/sys/fs';
/** Tells whether the machine has lost its power since a record was written. */
const BOOT_ID = '/proc/sys/kernel/random/boot_id';
/**
 * What its objects may take, which is several times what they do: one that leaks them ends, and is started again, long before the machine lacks
 * memory. Data under way is not among them; it has bounds of its own (`LIMITS`).
 */
const HEAP_MIB = 256;

/**
 * What a host's process is started with: Node's permission model, with the program to be read, the host's own folder and leg to be read and
 * written, and no network but the sockets that are handed to it, no child process, no other file. `node:ffi` is what flushes,
 * punches holes and tells what is cached; the addon computes CRC32C.
 *
 * Native code is not bounded by the permission model (Node says so itself): the systemd unit bounds the process as a whole.
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

import type { VolumeConfiguration } from '../config/schema.ts';
import type { Machine } from '../machine/machine.ts';
import { SpareError } from '../std/errors.ts';
import { serviceArgv } from './service.ts';

/** One line of `exportfs -s`. */
export interface Export {
  path: string;
  client: string;
  /** All of them, also those that are the default. */
  options: string[];
}

/** `exportfs -s`, exportfs(8): `PATH  CLIENT(OPTION,…)`. */
export function parseExports(stdout: string): Export[] {
  return stdout.split('\n').flatMap((line) => {
    const [, path, client, options] = /^(\S+)\s+(\S+?)\((.*)\)$/.exec(line) ?? [];
    return path && client ? [{ path, client, options: (options ?? '').split(',') }] : [];
  });
}

/** exports(5): options that `exportfs -s` shows whichever way they are set. */
const ALWAYS_SHOWN =
  /^(rw|ro|sync|async|secure|insecure|(no_)?(wdelay|root_squash|all_squash|subtree_check)|hide|nohide)$/;

/**
 * Lets the running NFS server export the volume as its service file says, without interrupting it, and looks at what it exports then.
 * A server that does not run is left alone.
 * @throws SpareError `stepFailed` with what is exported instead.
 */
export async function exportAgain(machine: Machine, host: string, { mountPoint, nfs }: VolumeConfiguration) {
  const { stdout } = await machine.exec(serviceArgv('export', host));
  if (stdout.trim() === '') return;
  const exports = parseExports(stdout).filter(({ path }) => path === mountPoint);
  const [only, ...others] = exports;
  const wanted = nfs.exportOptions.split(',').filter((option) => ALWAYS_SHOWN.test(option));
  const isRight = only && others.length === 0 && wanted.every((option) => only.options.includes(option));
  if (isRight && (only.client === nfs.clients || isHostName(nfs.clients))) return;
  throw new SpareError(
    'stepFailed',
    'WRONG_EXPORT',
    `Unexpected exports of ${mountPoint} on ${machine.name}: expected ${nfs.clients}(${nfs.exportOptions}), found '${stdout.trim()}'`,
    { hint: `Look for other exports of ${mountPoint} on ${machine.name}: in /etc/exports and /etc/exports.d` },
  );
}

/** exportfs shows the canonical name of a host, whatever it was given. */
function isHostName(client: string): boolean {
  return /^[A-Za-z][\w.-]*$/.test(client);
}

/**
 * Files by way of a shell on the machine, the same for this one and a remote one.
 * Temporary name, fsync, rename: after a loss of power there is the old content or the new one, whole.
 */
export function writeFileArgv(path: string, mode: number): string[] {
  const script =
    'umask 077; mkdir -p "$(dirname "$1")" && cat >"$1.new" && chmod "$2" "$1.new" && sync "$1.new" && mv -f "$1.new" "$1" && sync "$(dirname "$1")"';
  return ['sh', '-c', script, 'write', path, mode.toString(8).padStart(4, '0')];
}

/** Exits with `NO_SUCH_FILE` where there is none. */
export function readFileArgv(path: string): string[] {
  return ['sh', '-c', `[ -e "$1" ] || exit ${NO_SUCH_FILE}; exec cat "$1"`, 'read', path];
}

export const NO_SUCH_FILE = 44;

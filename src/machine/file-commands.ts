/**
 * Files through a shell on the machine, local or remote.
 * Temporary name, fsync, rename: after a power loss the file holds the complete old or the complete new content.
 */
export function writeFileArgv(path: string, mode: number): string[] {
  const script =
    'umask 077; mkdir -p "$(dirname "$1")" && cat >"$1.new" && chmod "$2" "$1.new" && sync "$1.new" && mv -f "$1.new" "$1" && sync "$(dirname "$1")"';
  return ['sh', '-c', script, 'write', path, mode.toString(8).padStart(4, '0')];
}

/** Exits with `NO_SUCH_FILE` if the file does not exist. */
export function readFileArgv(path: string): string[] {
  return ['sh', '-c', `[ -e "$1" ] || exit ${NO_SUCH_FILE}; exec cat "$1"`, 'read', path];
}

export const NO_SUCH_FILE = 44;

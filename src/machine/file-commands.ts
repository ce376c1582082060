import type { WrittenFile } from './machine.ts';

/**
 * Files through a shell on the machine, local or remote. Each process that the shell starts costs more than what it does, so it starts few.
 * Temporary name, fsync, rename: after a power loss a file holds the complete old or the complete new content.
 */
export function writeFileArgv(path: string, mode: number): string[] {
  const script = `umask 077; d=\${1%/*}/; [ -d "$d" ] || mkdir -p "$d" && cat >"$1.new" &&
chmod "$2" "$1.new" && sync "$1.new" && mv -f "$1.new" "$1" && sync "$d"`;
  return ['sh', '-c', script, 'write', path, octal(mode)];
}

/** Writes several files in one call; it reads `writeFilesInput` from its standard input. Folders that are made are for everybody to read. */
export function writeFilesArgv(): string[] {
  const script = `umask 022; news= folders=
while read -r length mode path; do
  d=\${path%/*}/; [ -d "$d" ] || mkdir -p "$d" && head -c "$length" >"$path.new" && chmod "$mode" "$path.new" || exit 1
  set -- "$@" "$path"; news="$news $path.new"; folders="$folders $d"
done
sync $news && for path; do mv -f "$path.new" "$path" || exit 1; done && sync $folders`;
  return ['sh', '-c', script, 'install'];
}

/** For each file a line with its length in bytes, its mode and its path, which has no spaces; then its content. */
export function writeFilesInput(files: readonly WrittenFile[]): string {
  return files
    .map(({ path, content, mode }) => `${Buffer.byteLength(content)} ${octal(mode)} ${path}\n${content}`)
    .join('');
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

/** Exits with `NO_SUCH_FILE` if the file does not exist. */
export function readFileArgv(path: string): string[] {
  return ['sh', '-c', `[ -e "$1" ] || exit ${NO_SUCH_FILE}; exec cat "$1"`, 'read', path];
}

export const NO_SUCH_FILE = 44;

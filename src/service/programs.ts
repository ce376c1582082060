import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { installRoot } from '../machine/template.ts';

/** A file of templates/primary. */
export interface Program {
  /** Below `PROGRAM_DIRECTORY`, e.g. `inside/nfs-start`. */
  name: string;
  content: string;
  /** Octal. */
  mode: number;
}

/** Who keeps a primary passive, and who reports from it. */
const OF_PRIMARIES_ONLY = ['guard', 'report'];

/**
 * The programs that a machine of this role needs, as they are put into `PROGRAM_DIRECTORY`. Those that others use come
 * first: while they are replaced, a program that is started finds what it needs.
 */
export function programsOf(role: 'primary' | 'standby'): Program[] {
  const folder = join(installRoot, 'templates', 'primary');
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((name) => role === 'primary' || !OF_PRIMARIES_ONLY.includes(name))
    .sort((a, b) => rank(a) - rank(b) || a.localeCompare(b))
    .map((name) => ({
      name,
      content: readFileSync(join(folder, name), 'utf8'),
      mode: isLibrary(name) ? 0o644 : 0o755,
    }));
}

/** Sourced, never run. */
function isLibrary(name: string): boolean {
  return name.startsWith('lib/');
}

function rank(name: string): number {
  if (isLibrary(name)) return 0;
  return name.includes('/') ? 1 : 2;
}

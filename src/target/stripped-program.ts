import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { replaceFile } from '../std/durable-file.ts';

const SOURCES = dirname(import.meta.dirname);
/** The modules of a host's process. */
const MODULES = '{config,iscsi,ownership,scsi,std,store,target}/**/*.ts';

/** A module by its URL: the digest of its source, and the source without types, at the same lines and columns. */
type StrippedModules = Record<string, { digest: string; source: string }>;

/**
 * Keeps the modules of the hosts' processes, stripped of their types, in one file that those processes load (`load-stripped.mjs`).
 * Node strips types with a compiler that costs a process 30 MB and a quarter of a second: too much for twenty hosts at each restart.
 * Unchanged modules are not stripped again. A change cannot be missed, because the whole source is compared.
 */
export function writeStrippedProgram(path: string): void {
  const known = read(path);
  const modules: StrippedModules = {};
  for (const file of globSync(MODULES, { cwd: SOURCES })) {
    const url = pathToFileURL(join(SOURCES, file)).href;
    const source = readFileSync(join(SOURCES, file), 'utf8');
    const digest = createHash('sha256').update(source).update(process.version).digest('base64');
    const same = known[url]?.digest === digest ? known[url] : undefined;
    modules[url] = same ?? { digest, source: stripTypeScriptTypes(source) };
  }
  replaceFile(path, JSON.stringify(modules), 0o600);
}

/** If anything is wrong with the file, it is rewritten. */
function read(path: string): StrippedModules {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return {};
  }
}

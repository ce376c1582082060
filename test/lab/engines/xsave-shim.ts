import { existsSync } from 'node:fs';
import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { shortHash } from '../settings.ts';

const SOURCE = join(import.meta.dirname, 'xsave-shim.c');

/** The library that user-mode Linux needs on a processor with AMX (see its source), compiled into the cache; undefined on all others. */
export async function xsaveShim(cacheDirectory: string): Promise<string | undefined> {
  const processors = await readFile('/proc/cpuinfo', 'utf8');
  return /^flags\b.*\bamx_tile\b/m.test(processors) ? compileXsaveShim(cacheDirectory) : undefined;
}

/** Compiles it, unless that has been done. The path of the library. */
export async function compileXsaveShim(directory: string): Promise<string> {
  const library = join(directory, `xsave-shim-${shortHash([await readFile(SOURCE, 'utf8')])}.so`);
  if (existsSync(library)) return library;
  const built = `${library}.${process.pid}`;
  await execa('cc', ['-O2', '-Wall', '-Werror', '-shared', '-fPIC', '-o', built, SOURCE]);
  await rename(built, library);
  return library;
}

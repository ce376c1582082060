/**
 * Puts the simulated world where the program meets the machine: these modules, and no others, are replaced when a file of `src/`
 * imports them. Everything else of the program runs as it is. Import this file before anything of `src/`.
 */
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = join(import.meta.dirname, '..', '..', '..');
const source = pathToFileURL(join(root, 'src/')).href;
const own = (name: string) => pathToFileURL(join(import.meta.dirname, `${name}.ts`)).href;

/** By the name under which the program imports them, or by their file in `src/`. */
const REPLACED = new Map([
  ['node:fs', own('fs')],
  ['node:fs/promises', own('fs-promises')],
  ...['std/clock', 'std/libc', 'machine/exec', 'machine/kernel-files', 'machine/file-lock'].map(replacement),
  ...['target/client/control-client', 'service/nfs/nfs-file'].map(replacement),
]);

function replacement(file: string): [string, string] {
  return [`${source}${file}.ts`, own(file.slice(file.lastIndexOf('/') + 1))];
}

// The program asks for its folders all the time, and each look at the real environment is a system call.
process.env = { ...process.env };

registerHooks({
  resolve(specifier, context, next) {
    if (!context.parentURL?.startsWith(source)) return next(specifier, context);
    const name = specifier.startsWith('.') ? new URL(specifier, context.parentURL).href : specifier;
    const url = REPLACED.get(name);
    return url === undefined ? next(specifier, context) : { url, shortCircuit: true };
  },
});

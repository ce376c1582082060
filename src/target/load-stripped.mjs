/**
 * Loaded before a host's process and before its threads: gives Node the modules that `stripped-program.ts` keeps, at their own addresses.
 * JavaScript, since to load a TypeScript file here would be what it is there to avoid.
 */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

const modules = JSON.parse(readFileSync(process.env.SPARE_STRIPPED_PROGRAM ?? '', 'utf8'));

registerHooks({
  load(url, context, next) {
    const found = Object.hasOwn(modules, url) ? modules[url] : undefined;
    return found ? { format: 'module', source: found.source, shortCircuit: true } : next(url, context);
  },
});

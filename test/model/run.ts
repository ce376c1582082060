/**
 * Searches the model of the ownership protocol (docs/model.md) to the end.
 *
 *     node test/model/run.ts                every state, once for each variant
 *     node test/model/run.ts --mutations    each rule taken away, for the shortest way to what it prevents
 *     … --json                              the result alone, as JSON
 */
import { parseArgs } from 'node:util';
import { MUTATIONS, searchOf } from './mutations.ts';
import { installSpin, search } from './spin.ts';
import { VARIANTS } from './variants.ts';

const { mutations, json } = parseArgs({
  options: { mutations: { type: 'boolean' }, json: { type: 'boolean' } },
}).values;

const tell = (line: string) => (json ? console.error(line) : console.log(line));

async function runVariants(): Promise<boolean> {
  const results = [];
  for (const variant of VARIANTS) {
    const { complete, states, error } = await search(variant.search);
    const found = error ?? (complete ? 'no error' : 'not searched to the end');
    tell(`model: ${complete ? 'exhaustive, ' : ''}${states} states, ${found} (${variant.name})`);
    results.push({ name: variant.name, exhaustive: complete, states, error: error ?? null });
  }
  if (json) console.log(JSON.stringify({ variants: results }));
  return results.every(({ exhaustive, error }) => exhaustive && error === null);
}

async function runMutations(): Promise<boolean> {
  const results = [];
  for (const mutation of MUTATIONS) {
    const { error, depth } = await search(searchOf(mutation));
    const found = error !== undefined;
    tell(`${found ? 'found' : 'NOT FOUND'} ${mutation.name}${found ? ` after ${depth} steps: ${error}` : ''}`);
    results.push({ name: mutation.name, found, depth: depth ?? null });
  }
  const line = JSON.stringify({ mutations: results });
  console.log(line);
  return results.every(({ found }) => found);
}

await installSpin(tell);
process.exitCode = (await (mutations ? runMutations() : runVariants())) ? 0 : 1;

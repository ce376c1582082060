import { readFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const args = process.argv.slice(2);

// Asked for by scripts in loops, so it is answered before oclif is loaded.
if (args.length === 1 && args[0] === '--version') {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  console.log(`spare/${version} ${process.platform}-${process.arch} node-${process.version}`);
} else {
  // Types are stripped and code is compiled once. Not in a folder that others may write to, as the default is: it holds code.
  enableCompileCache(process.getuid?.() === 0 ? '/var/cache/spare' : join(homedir(), '.cache', 'spare'));
  const { runCommandLine } = await import('./cli/run-command-line.ts');
  await runCommandLine(args, root);
}

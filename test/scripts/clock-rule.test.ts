import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { execa } from 'execa';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const ROOT = join(import.meta.dirname, '..', '..');
const BIOME = join(ROOT, 'node_modules', '.bin', 'biome');

const FORBIDDEN: Record<string, string> = {
  'date-now': 'export const found = Date.now();',
  'date-now-handed-on': 'export const found = { now: Date.now };',
  'date-now-by-its-key': "export const found = Date['now']();",
  'date-now-taken-out': 'const { now } = Date;\nexport const found = now();',
  'date-now-taken-out-by-another-name': 'const { parse, now: found } = Date;\nexport { found, parse };',
  'date-by-another-name': 'const Moment = Date;\nexport const found = Moment.now();',
  'new-date': 'export const found = new Date();',
  'new-date-without-parentheses': 'export const found = new Date;',
  'date-as-a-function': 'export const found = Date();',
  'performance-now': 'export const found = performance.now();',
  'performance-now-taken-out': 'const { now } = performance;\nexport const found = now();',
  hrtime: 'export const found = process.hrtime();',
  'hrtime-bigint': 'export const found = process.hrtime.bigint();',
  'hrtime-taken-out': 'const { hrtime } = process;\nexport const found = hrtime();',
  'hrtime-taken-out-by-another-name': 'const { argv, hrtime: clock } = process;\nexport const found = [argv, clock()];',
  'hrtime-imported': "import { hrtime } from 'node:process';\nexport const found = hrtime();",
  'hrtime-imported-by-another-name':
    "import { argv, hrtime as clock } from 'node:process';\nexport const found = [argv, clock()];",
  'set-timeout': 'export const found = setTimeout(() => {}, 1);',
  'set-timeout-handed-on': 'export const found = new Promise((resolve) => setTimeout(resolve, 1));',
  'set-interval': 'export const found = setInterval(() => {}, 1);',
  'global-performance': 'export const found = globalThis.performance.now();',
  'global-set-timeout': 'export const found = globalThis.setTimeout(() => {}, 1);',
  'global-set-interval': 'export const found = globalThis.setInterval(() => {}, 1);',
  timers: "import { setTimeout } from 'node:timers';\nexport const found = setTimeout;",
  'timers-promises': "import { setTimeout as sleep } from 'node:timers/promises';\nexport const found = sleep;",
  'timers-promises-as-named': "import { setTimeout } from 'node:timers/promises';\nexport const found = setTimeout;",
  'perf-hooks': "import { performance as clock } from 'node:perf_hooks';\nexport const found = clock;",
  'perf-hooks-as-named': "import { performance } from 'node:perf_hooks';\nexport const found = performance.now();",
};
const ALLOWED: Record<string, string> = {
  'date-of-a-number': 'export const found = new Date(5);',
  'date-of-a-text': "export const found = Date.parse('2026-01-02T03:00:00.000Z');",
  'process-taken-out': 'const { argv } = process;\nexport const found = argv;',
  'process-imported': "import { argv } from 'node:process';\nexport const found = argv;",
  'next-turn': 'export const found = new Promise((resolve) => setImmediate(resolve));',
};

interface Context {
  root: string;
}
const rule = suite<Context>('clock rule');
rule.before.each((context) => {
  context.root = mkdtempSync(join(tmpdir(), 'spare-clock-rule-'));
  const configuration = JSON.parse(readFileSync(join(ROOT, 'biome.json'), 'utf8')) as object;
  // There is no repository here.
  writeFileSync(join(context.root, 'biome.json'), JSON.stringify({ ...configuration, $schema: undefined, vcs: {} }));
  cpSync(join(ROOT, 'scripts', 'lint'), join(context.root, 'scripts', 'lint'), { recursive: true });
});
rule.after.each(({ root }) => rmSync(root, { recursive: true }));

/** The names of the programs in which the linter finds an error. */
async function found(root: string, folder: string, programs: Record<string, string>): Promise<string[]> {
  mkdirSync(join(root, folder), { recursive: true });
  for (const [name, text] of Object.entries(programs)) writeFileSync(join(root, folder, `${name}.ts`), `${text}\n`);
  const flags = ['--reporter=json', '--max-diagnostics=none'];
  const { stdout } = await execa(BIOME, ['lint', ...flags, folder], { cwd: root, reject: false });
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { severity: string; location: { path: string } }[] };
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  return [...new Set(errors.map(({ location }) => basename(location.path, '.ts')))].sort();
}

for (const folder of ['src/operations', 'src', 'test/watch', 'test/fixtures', 'bench', 'scripts']) {
  rule(`finds each forbidden form in ${folder}, and nothing else`, async ({ root }) => {
    assert.equal(await found(root, folder, { ...FORBIDDEN, ...ALLOWED }), Object.keys(FORBIDDEN).sort());
  });
}

for (const folder of ['src/std', 'test/lab', 'test/lab/scenarios']) {
  rule(`allows them in ${folder}`, async ({ root }) => {
    assert.equal(await found(root, folder, FORBIDDEN), []);
  });
}

const SYSTEM_CLOCK = {
  'system-clock': "import { systemClock } from './clock.ts';\nexport const found = systemClock;",
  'system-clock-by-another-name': "import { systemClock as clock } from './clock.ts';\nexport const found = clock;",
};
const NO_CLOCK_OF_THEIR_OWN = [
  'commands',
  'cli',
  'status',
  'watch',
  'operations/set',
  'mirror',
  'service',
  'fence',
  'steps',
  'hosts',
];
for (const room of NO_CLOCK_OF_THEIR_OWN) {
  rule(`finds the machine's clock in src/${room}, where one is handed in`, async ({ root }) => {
    assert.equal(await found(root, `src/${room}`, { ...SYSTEM_CLOCK, ...ALLOWED }), Object.keys(SYSTEM_CLOCK).sort());
  });
}

rule("allows the machine's clock where a program starts", async ({ root }) => {
  assert.equal(await found(root, 'src/cli', { 'base-command': SYSTEM_CLOCK['system-clock'] }), []);
  assert.equal(await found(root, 'src/target', SYSTEM_CLOCK), []);
});

rule.run();

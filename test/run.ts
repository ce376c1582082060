/**
 * Runs the tests: each file in its own process with a time limit, which uvu does not provide; scenarios in one process, which shares a lab.
 * A file that runs no test fails: a forgotten `.run()` would pass in silence otherwise.
 *
 *     node test/run.ts                 what `npm test` runs: unit, clients, and those scenarios in the lab that are run for every change
 *     node test/run.ts unit|clients|scenarios|lab|all
 *     node test/run.ts PATH…           these files
 */
import { globSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { execa } from 'execa';
import { installPackages, LAB_PACKAGES } from './lab/packages.ts';

interface Group {
  files(): string[];
  /** Ends what hangs. Far longer than it takes, also on a busy machine: no result depends on it. */
  timeout_ms: number;
  /** How many files run at once. */
  concurrency: number;
  /** One process for all of the files, which prints what it does while it does it: a program that runs them. */
  together?: string;
}

const root = resolve(import.meta.dirname, '..');
const find = (pattern: string) => globSync(pattern, { cwd: root }).sort();
const scenarioFile = (name: string) => `test/lab/scenarios/${name}.test.ts`;
const RUN_SCENARIOS = 'test/lab/scenarios/run.ts';
/** The tests for every change. The last one leaves a host taken over, so no other test could use its lab afterwards. */
const EVERY_CHANGE = ['main-job', 'target-restart', 'legs-differ', 'rounds', 'lock'].map(scenarioFile);
const HOUR_MS = 3_600_000;

const GROUPS = {
  unit: {
    files: () => find('test/**/*.test.ts').filter((file) => !/^test\/(lab\/scenarios|clients)\//.test(file)),
    timeout_ms: HOUR_MS / 4,
    concurrency: 2,
  },
  clients: { files: () => find('test/clients/*.test.ts'), timeout_ms: HOUR_MS, concurrency: 1 },
  scenarios: { files: () => EVERY_CHANGE, timeout_ms: 2 * HOUR_MS, concurrency: 1, together: RUN_SCENARIOS },
  lab: {
    files: () => [...new Set([...EVERY_CHANGE, ...find('test/lab/scenarios/*.test.ts')])],
    timeout_ms: 4 * HOUR_MS,
    concurrency: 1,
    together: RUN_SCENARIOS,
  },
} satisfies Record<string, Group>;

interface Outcome {
  file: string;
  passed: number;
  failed: number;
}

/** Runs a program that prints a summary of tests. What it prints is shown at once where it runs alone, and after a failure otherwise. */
async function runProgram(name: string, argv: readonly string[], timeout_ms: number, shown: boolean): Promise<Outcome> {
  const [command = '', ...prefix] = [...(shown ? [] : ownMounts), process.execPath];
  const { stdout, all, exitCode, timedOut } = await execa(
    command,
    [...prefix, '--disable-warning=ExperimentalWarning', ...argv],
    {
      cwd: root,
      all: true,
      reject: false,
      stdin: 'ignore',
      ...(shown ? { stdout: ['pipe', 'inherit'], stderr: 'inherit' } : {}),
      timeout: timeout_ms,
      env: { NO_COLOR: '1' },
      forceKillAfterDelay: 60_000,
    },
  );
  // One summary for each process: `Total: 5`, `Passed: 5`.
  const total = lastNumber(stdout, /^\s*Total:\s+(\d+)/gm);
  const passed = lastNumber(stdout, /^\s*Passed:\s+(\d+)/gm);
  const failed = Math.max(total - passed, exitCode === 0 ? 0 : 1, total === 0 ? 1 : 0);
  const label = failed > 0 ? 'FAILED' : 'ok';
  console.log(`${label.padEnd(7)} ${name}: ${passed} of ${total}`);
  if (failed > 0 && !shown) console.log(all);
  if (timedOut) console.log(`${name} was ended after ${timeout_ms / 1000} s`);
  if (total === 0) console.log(`${name} ran no test: is a .run() missing?`);
  return { file: name, passed, failed };
}

/**
 * What a file mounts nobody else may see: a namespace that is made meanwhile, by another test or a lab, would keep it, and the file system would
 * still be there when the test mounts it again.
 */
async function commandForOwnMounts(): Promise<string[]> {
  const argv = ['unshare', '--mount'];
  const { failed } = await execa('unshare', ['--mount', 'true'], { reject: false });
  return failed ? [] : argv;
}

/** uvu's summary stands at the end; tests may print similar lines before it. */
function lastNumber(text: string, pattern: RegExp): number {
  return Number([...text.matchAll(pattern)].at(-1)?.[1] ?? 0);
}

async function runGroup(group: Group, files: readonly string[]): Promise<Outcome[]> {
  if (group.together !== undefined)
    return [await runProgram(files.join(' '), [group.together, ...files], group.timeout_ms, true)];
  const waiting = [...files];
  const outcomes: Outcome[] = [];
  const worker = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      outcomes.push(await runProgram(file, [file], group.timeout_ms, false));
    }
  };
  await Promise.all(Array.from({ length: group.concurrency }, worker));
  return outcomes;
}

function isGroup(name: string): name is keyof typeof GROUPS {
  return Object.hasOwn(GROUPS, name);
}

/** The group that a file named on the command line belongs to decides on its time limit. */
function groupOf(file: string): Group {
  if (file.startsWith('test/lab/scenarios/')) return GROUPS.lab;
  return file.startsWith('test/clients/') ? GROUPS.clients : GROUPS.unit;
}

const ownMounts = await commandForOwnMounts();
await installPackages(LAB_PACKAGES, console.log);

const args = process.argv.slice(2);
const names =
  args.length === 0
    ? ['unit', 'clients', 'scenarios']
    : args.flatMap((name) => (name === 'all' ? ['unit', 'clients', 'lab'] : [name]));
const outcomes: Outcome[] = [];
for (const name of names) {
  const path = relative(root, resolve(name));
  outcomes.push(
    ...(isGroup(name) ? await runGroup(GROUPS[name], GROUPS[name].files()) : await runGroup(groupOf(path), [path])),
  );
}

const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0);
const failed = outcomes.reduce((sum, outcome) => sum + outcome.failed, 0);
if (failed > 0)
  console.log(
    `\nFailed: ${outcomes
      .filter((outcome) => outcome.failed > 0)
      .map((outcome) => outcome.file)
      .join(', ')}`,
  );
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;

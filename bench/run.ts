/**
 * Measures `spare serve` against tgt, side by side on this machine.
 *
 *     npm run bench                              everything; writes bench/results/ and a row of bench/history.jsonl
 *     npm run bench -- --case read-4k-d1         some cases, by name or the beginning of one; writes nothing
 *     npm run bench -- --profile --case read     with V8's profiler in a daemon of its own for each case
 *     npm run bench -- --self-test               tgt against tgt: shows what is noise
 */
import { closeSync, mkdirSync, openSync, readdirSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { installPackages } from '../test/lab/packages.ts';
import { CASES, type Case } from './cases.ts';
import { drawChart } from './chart.ts';
import { compare } from './compare.ts';
import { EXTRAS } from './extras.ts';
import { appendHistory, findRegressions, historyRow, readHistory } from './history.ts';
import { machineFacts } from './machine.ts';
import { BENCH_PACKAGES } from './packages.ts';
import { hotSpots, readProfile } from './profile.ts';
import { formatReport, type Report } from './report.ts';
import { Sandbox } from './sandbox.ts';
import { startSpare, startTgt, type Target } from './targets.ts';

const MIB = 1024 * 1024;
const HOT_SPOTS = 25;
const results = join(import.meta.dirname, 'results');
const history = join(import.meta.dirname, 'history.jsonl');

const { values: flags } = parseArgs({
  options: {
    case: { type: 'string', multiple: true, default: [] },
    seconds: { type: 'string', default: '3' },
    runs: { type: 'string', default: '5' },
    'size-mib': { type: 'string', default: '1024' },
    'quiet-wait': { type: 'string', default: '10' },
    profile: { type: 'boolean', default: false },
    'self-test': { type: 'boolean', default: false },
  },
});
const seconds = positive('seconds', 60);
const runs = positive('runs', 50);
const size_bytes = positive('size-mib', 65_536) * MIB;
const quietWait_s = positive('quiet-wait', 600);
const isWhole = flags.case.length === 0 && !flags['self-test'] && !flags.profile;
const isWanted = (name: string) => flags.case.length === 0 || flags.case.some((wanted) => name.startsWith(wanted));

await installPackages(BENCH_PACKAGES);
const sandbox = new Sandbox();
const files = { subject: makeFile('subject.img'), peer: makeFile('peer.img') };
const start = {
  subject: (file: string) => (flags['self-test'] ? startTgt(sandbox, file) : startSpare(sandbox, file)),
  peer: (file: string) => startTgt(sandbox, file),
};
const report: Report = {
  schema: 1,
  startedAt: new Date().toISOString(),
  machine: await machineFacts(sandbox.folder),
  options: { seconds, runs, size_bytes },
  metrics: [],
  extras: [],
  failures: [],
};

if (flags.profile) await profileCases(CASES.filter(({ name }) => isWanted(name)));
else await measure();

async function measure(): Promise<void> {
  const targets = { subject: await start.subject(files.subject), peer: await start.peer(files.peer) };
  for (const each of CASES.filter(({ name }) => isWanted(name))) {
    await attempt(each.name, async () => {
      const found = await compare(each, targets, { seconds, runs, quietWait_s });
      report.metrics.push(...found);
      for (const { title, ratio } of found) console.error(`  ${title}: ratio ${ratio.median.toFixed(2)}`);
    });
  }
  const context = {
    sandbox,
    ...targets,
    size_bytes,
    seconds,
    runs,
    startAnother: (role: keyof typeof start) => start[role](makeFile('another.img')),
  };
  for (const [name, measureExtra] of Object.entries(EXTRAS).filter(([name]) => isWanted(name))) {
    await attempt(name, async () => {
      report.extras.push(...(await measureExtra(context)));
    });
  }
  await Promise.all([targets.subject.stop(), targets.peer.stop()]);
  console.log(formatReport(report));
  for (const sentence of findRegressions(report, readHistory(history))) console.log(`Worse than before: ${sentence}`);
  if (isWhole) save();
}

/** One case that can't be measured does not keep the others from it. */
async function attempt(name: string, work: () => Promise<void>): Promise<void> {
  console.error(`measuring ${name}`);
  try {
    await work();
  } catch (error) {
    report.failures.push({ name, message: (error as Error).message.slice(0, 1_000) });
    process.exitCode = 1;
  }
}

function save(): void {
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, 'latest.json'), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(results, 'latest.svg'), drawChart(report));
  appendHistory(history, historyRow(report));
}

async function profileCases(cases: readonly Case[]): Promise<void> {
  for (const { name, subject } of cases) {
    const profileFolder = join(results, 'profiles', name);
    mkdirSync(profileFolder, { recursive: true });
    const earlier = new Set(readdirSync(profileFolder));
    const target: Target = await startSpare(sandbox, files.subject, { profileFolder });
    const { operations_per_s } = await subject.client(target, seconds);
    await target.stop();
    console.log(`\n${name}: ${Math.round(operations_per_s)} operations/s with the profiler on`);
    for (const file of readdirSync(profileFolder).filter((entry) => !earlier.has(entry))) {
      console.log(join(profileFolder, file));
      for (const { place, share } of hotSpots(readProfile(join(profileFolder, file)), target.start_ms, HOT_SPOTS)) {
        console.log(`${(share * 100).toFixed(1).padStart(6)} %  ${place}`);
      }
    }
  }
}

/** Written through, so that no read meets a hole and all of it is in the page cache. */
function makeFile(name: string): string {
  const path = join(sandbox.folder, name);
  const descriptor = openSync(path, 'w');
  const block = Buffer.alloc(MIB, 'The quick brown fox jumps over the lazy dog. ');
  for (let offset = 0; offset < size_bytes; offset += MIB) writeSync(descriptor, block, 0, MIB, offset);
  closeSync(descriptor);
  return path;
}

function positive(name: 'seconds' | 'runs' | 'size-mib' | 'quiet-wait', most: number): number {
  const value = Number(flags[name]);
  if (value > 0 && value <= most) return value;
  console.error(`Error: Cannot measure as --${name} must be above 0 and at most ${most}: it is ${flags[name]}`);
  process.exit(2);
}

/**
 * Measures `spare serve` against tgt, side by side on this machine.
 *
 *     npm run bench                              everything; writes bench/results/ and a row of bench/history.jsonl
 *     npm run bench -- --case read-4k-d1         some cases, by name or the beginning of one; writes nothing
 *     npm run bench -- --profile --case read     with V8's profiler in a daemon of its own for each case
 *     npm run bench -- --self-test               tgt against tgt: shows what is noise
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../src/std/clock.ts';
import { installPackages } from '../test/lab/packages.ts';
import type { Case, Setup } from './case.ts';
import { CASES } from './cases.ts';
import { drawChart } from './chart.ts';
import { compare } from './compare.ts';
import { durationOfCases } from './duration.ts';
import { EXTRAS } from './extras/all.ts';
import { Fleet, untilServed } from './fleet.ts';
import { appendHistory, findRegressions, historyRow, readHistory } from './history.ts';
import { machineFacts } from './machine.ts';
import { makeFile, makeHosts } from './make-files.ts';
import { NotMeasurableError } from './not-measurable-error.ts';
import { BENCH_PACKAGES } from './packages.ts';
import { hotSpots, readProfile } from './profile.ts';
import { formatReport, type Report } from './report.ts';
import { Sandbox } from './sandbox.ts';
import { spare } from './targets/spare.ts';
import type { Target } from './targets/target.ts';
import { tgt } from './targets/tgt.ts';

const MIB = 1024 * 1024;
const HOT_SPOTS = 25;
/** 2: files are filled through the target that serves them, and twenty processes are warm before they are measured. */
const METHOD = 2;
const results = join(import.meta.dirname, 'results');
const history = join(import.meta.dirname, 'history.jsonl');

const { values: flags } = parseArgs({
  options: {
    case: { type: 'string', multiple: true, default: [] },
    seconds: { type: 'string', default: '2' },
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
const starters = { subject: flags['self-test'] ? tgt(sandbox) : spare(sandbox), peer: tgt(sandbox) };
const fleet = new Fleet(sandbox, starters, size_bytes);
const cases = CASES.filter(({ name }) => isWanted(name));
const extras = Object.entries(EXTRAS).filter(([name]) => isWanted(name));
const report: Report = {
  schema: 1,
  startedAt: systemClock.wallTime().toISOString(),
  machine: await machineFacts(sandbox.folder),
  options: { seconds, runs, size_bytes, method: METHOD },
  metrics: [],
  extras: [],
  failures: [],
};

if (flags.profile) await profileCases(cases);
else await measure();

async function measure(): Promise<void> {
  const options = { seconds, runs, size_bytes };
  const duration_s =
    durationOfCases(cases, options) + extras.reduce((sum, [, extra]) => sum + extra.duration_s(options), 0);
  console.error(`measuring for about ${Math.ceil(duration_s / 60)} minutes`);
  for (const each of cases) {
    await attempt(each.name, async () => {
      const found = await compare(each, await fleet.pairFor(each.setup), { seconds, runs, quietWait_s });
      report.metrics.push(...found);
      for (const { title, ratio } of found) console.error(`  ${title}: ratio ${ratio.median.toFixed(2)}`);
    });
  }
  for (const [name, extra] of extras) {
    await attempt(name, async () => {
      report.extras.push(...(await extra.measure({ ...options, sandbox, fleet, starters })));
    });
  }
  await fleet.close();
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
    if (!(error instanceof NotMeasurableError)) process.exitCode = 1;
  }
}

function save(): void {
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, 'latest.json'), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(results, 'latest.svg'), drawChart(report));
  appendHistory(history, historyRow(report));
}

async function profileCases(cases: readonly Case[]): Promise<void> {
  for (const { name, setup, subject } of cases) {
    const profileFolder = join(results, 'profiles', name);
    mkdirSync(profileFolder, { recursive: true });
    const earlier = new Set(readdirSync(profileFolder));
    const target = await startProfiled(setup, profileFolder);
    const { operations_per_s } = await subject.client(target, seconds);
    await target.stop();
    console.log(`\n${name}: ${Math.round(operations_per_s)} operations/s with the profiler on`);
    // One for each process and thread of the daemon.
    const files = readdirSync(profileFolder).filter((entry) => !earlier.has(entry));
    console.log(`${files.length} profiles in ${profileFolder}, together:`);
    const profiles = files.map((file) => readProfile(join(profileFolder, file)));
    for (const { place, share } of hotSpots(profiles, target.start_ms, HOT_SPOTS)) {
      console.log(`${(share * 100).toFixed(1).padStart(6)} %  ${place}`);
    }
  }
}

async function startProfiled(setup: Setup, profileFolder: string): Promise<Target> {
  const { subject } = starters;
  if (setup.kind !== 'hosts') {
    const bytes = setup.kind === 'file' ? size_bytes : setup.size_bytes;
    return subject.serveFile(makeFile(join(sandbox.folder, 'profile.img'), bytes), { profileFolder });
  }
  const hosts = makeHosts(sandbox.folder, 'profile', setup.count, setup.size_bytes);
  const target = await subject.serveHosts(hosts, { profileFolder });
  await untilServed(target);
  return target;
}

function positive(name: 'seconds' | 'runs' | 'size-mib' | 'quiet-wait', most: number): number {
  const value = Number(flags[name]);
  if (value > 0 && value <= most) return value;
  console.error(`Error: Cannot measure as --${name} must be above 0 and at most ${most}: it is ${flags[name]}`);
  process.exit(2);
}

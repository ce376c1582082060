import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { ClientAccount } from './client-workload.ts';
import type { LegComparison } from './legs.ts';
import { type Failback, MainJob, stall_s, type Takeover } from './main-job.ts';
import { MissingPackagesError } from './packages.ts';
import type { PrimaryName } from './settings.ts';
import { Stages } from './stages.ts';
import { withTemporaryLab } from './temporary-lab.ts';

const USAGE = `Usage: npm run demo [-- --json]

Starts a standby, two primaries and a client as virtual machines, protects both primaries with spare, cuts the power of one
while the client writes, and brings it home again. Needs root. Progress goes to standard error; --json: one JSON object at the end instead of a summary.`;

/** How long the client writes before the failure, while the standby serves, and after the failback. */
const WRITING_MS = 10_000;

/** What `--json` prints. Every number is measured in this run. */
interface DemoReport {
  records: { acknowledged: number; lost: number };
  alpha: { outage_s: number };
  beta: { longest_stall_s: number; mirror_samples: number; mirror_degraded_samples: number };
  failover: { detect_s: number; takeover_s: number };
  failback: { outage_s: number; copied_bytes: number; size_bytes: number };
  legs_equal: boolean;
  elapsed_s: number;
}

interface Findings {
  takeover: Takeover;
  failback: Failback;
  accounts: Record<PrimaryName, ClientAccount>;
  legs: LegComparison;
}

async function demonstrate(json: boolean): Promise<DemoReport> {
  const started = performance.now();
  const stages = new Stages({ terminal: process.stdout.isTTY && !json });
  return withTemporaryLab({ name: 'demo', tell: (line) => stages.tell(line), leftover: 'refuse' }, async (lab) => {
    const job = new MainJob(lab);
    const found: Partial<Findings> = {};
    let mirror = { taken: 0, degraded: 0 };
    await stages.run([
      { title: 'Start standby, alpha, beta and client', run: () => lab.up() },
      { title: 'spare init: make the standby', run: () => job.standby.init(['alpha', 'beta']) },
      { title: 'spare enroll alpha: mirror it, copy it, protect it', run: () => job.enroll('alpha') },
      { title: 'spare enroll beta', run: () => job.enroll('beta') },
      {
        title: 'The client writes to both',
        async run() {
          await job.watchMirror('beta');
          await job.startWriters();
          await sleep(WRITING_MS);
        },
      },
      {
        title: "Cut alpha's power; spare watch takes over by itself",
        async run() {
          found.takeover = await job.loseAndTakeOver('alpha');
          await sleep(WRITING_MS);
        },
      },
      { title: 'Power alpha on again: it stays passive', run: () => job.powerOn('alpha') },
      {
        title: 'spare failback alpha: its service goes home, what changed is copied',
        async run() {
          found.failback = await job.failBack('alpha');
          await sleep(WRITING_MS);
        },
      },
      {
        title: 'Read every record back',
        async run() {
          found.accounts = await job.settle();
          mirror = await job.mirrorSamples('beta');
        },
      },
      {
        title: "Stop both machines where they are, compare alpha's disk with its mirror byte for byte",
        async run() {
          found.legs = await job.compareLegs('alpha');
        },
      },
    ]);
    return report(found as Findings, mirror, (performance.now() - started) / 1000);
  });
}

function report(
  { takeover, failback, accounts, legs }: Findings,
  mirror: { taken: number; degraded: number },
  elapsed_s: number,
): DemoReport {
  const all = Object.values(accounts);
  return {
    records: {
      acknowledged: all.reduce((sum, account) => sum + account.acknowledgements.length, 0),
      lost: all.reduce((sum, account) => sum + account.lost.length, 0),
    },
    alpha: { outage_s: rounded(takeover.outage_s) },
    beta: {
      longest_stall_s: rounded(stall_s(accounts.beta)),
      mirror_samples: mirror.taken,
      mirror_degraded_samples: mirror.degraded,
    },
    failover: { detect_s: rounded(takeover.detect_s), takeover_s: rounded(takeover.takeover_s) },
    failback: { ...failback, outage_s: rounded(failback.outage_s) },
    legs_equal: legs.equal,
    elapsed_s: rounded(elapsed_s),
  };
}

function summary({ records, alpha, beta, failover, failback, legs_equal }: DemoReport): string {
  const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  return [
    '',
    'What the client saw:',
    `  ${records.acknowledged} records were acknowledged, ${records.lost} of them lost`,
    `  alpha: away for ${alpha.outage_s} s when its power was cut (${failover.detect_s} s to be sure, ${failover.takeover_s} s to take over)`,
    `  alpha: away for ${failback.outage_s} s when it went home; ${mebibytes(failback.copied_bytes)} of ${mebibytes(failback.size_bytes)} were copied`,
    `  beta:  no write ever waited longer than ${beta.longest_stall_s} s; its mirror lacked a leg in ${beta.mirror_degraded_samples} of ${beta.mirror_samples} looks`,
    `  alpha's disk and its mirror are ${legs_equal ? 'equal, byte for byte' : 'DIFFERENT'}`,
  ].join('\n');
}

function rounded(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
});
if (values.help) {
  console.log(USAGE);
} else {
  try {
    const result = await demonstrate(values.json);
    console.log(values.json ? JSON.stringify(result) : summary(result));
    process.exitCode = result.records.lost === 0 && result.legs_equal ? 0 : 1;
  } catch (error) {
    console.error(error instanceof Error ? `Error: ${error.message}` : error);
    process.exitCode = error instanceof MissingPackagesError ? 3 : 1;
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab } from '../lab.ts';
import { MainJob } from '../main-job.ts';
import { progress, seconds } from '../progress.ts';
import { PRIMARY_NAMES } from '../settings.ts';
import { runSteps, type StepCounts } from './run-steps.ts';
import { protectionSteps, type Scenario, STEP_LIMIT_MS, type Step } from './scenario.ts';

const SETUP = 'the lab';
const PROOF_LIMIT_MS = 60_000;
const POLL_MS = 1_000;

export interface ScenarioOutcome extends StepCounts {
  name: string;
  elapsed_ms: number;
}

/**
 * Runs the scenarios one after the other. The lab is handed from one to the next while it is as good as new: every machine on, and every host
 * protected by spare's own word. Otherwise it is made anew, from empty disks; making it has an outcome of its own.
 */
export async function runScenarios(lab: Lab, scenarios: readonly Scenario[]): Promise<ScenarioOutcome[]> {
  const outcomes: ScenarioOutcome[] = [];
  const run = async (name: string, steps: readonly Step[]): Promise<boolean> => {
    const started = performance.now();
    const counts = await runSteps(lab, name, steps);
    outcomes.push({ name, ...counts, elapsed_ms: performance.now() - started });
    return counts.failed === 0;
  };
  let fresh = false;
  for (const { name, machines, needsProtection, steps } of scenarios) {
    // Interrupted: whoever has closed it ends this process.
    if (lab.closed) return outcomes;
    const reused = needsProtection && fresh && (await isProtected(lab));
    if (!reused) await lab.down();
    const start = { title: `${machines.join(', ')} start`, run: () => lab.up(machines), limit_ms: STEP_LIMIT_MS };
    const setup = needsProtection ? [start, ...protectionSteps(lab)] : [start];
    if (!reused && !(await run(SETUP, setup))) return outcomes;
    const writing = { title: 'the client writes to both', run: () => beginWriting(lab), limit_ms: STEP_LIMIT_MS };
    const passed = await run(name, needsProtection ? [writing, ...steps(lab)] : steps(lab));
    if (!passed && process.env.SPARE_LAB_KEEP === '1') return outcomes;
    fresh = passed && needsProtection;
  }
  return outcomes;
}

/** Files and logs of an earlier scenario go first. */
async function beginWriting(lab: Lab): Promise<void> {
  const job = new MainJob(lab);
  await job.clear();
  await job.watchMirror('beta');
  await job.startWriters();
}

/** A scenario may have frozen the machines a moment ago: spare then needs a new proof. */
async function isProtected(lab: Lab): Promise<boolean> {
  const machines = (['standby', 'client', ...PRIMARY_NAMES] as const).map((name) => lab.machine(name));
  if (machines.some(({ pid }) => pid === undefined)) return false;
  const { standby } = new MainJob(lab);
  let good = false;
  for (const deadline = Date.now() + PROOF_LIMIT_MS; !good && Date.now() < deadline; await sleep(POLL_MS)) {
    const { hosts, attention } = await standby.status();
    good = !attention && hosts.length === PRIMARY_NAMES.length && hosts.every(({ state }) => state === 'protected');
  }
  progress(good ? 'The lab is handed on' : 'The lab is made anew: not all hosts are protected');
  return good;
}

/** One line for each: what a person copies into a table. */
export function timeTable(engine: string, outcomes: readonly ScenarioOutcome[]): string[] {
  const rows = outcomes.map(({ name, failed, elapsed_ms }) => {
    return `  ${name.padEnd(20)} ${seconds(elapsed_ms).padStart(9)}${failed > 0 ? '  FAILED' : ''}`;
  });
  return [`Times (${engine}):`, ...rows];
}

/**
 * Runs scenarios in one process, in a lab of its own that is taken down afterwards: `node test/lab/scenarios/run.ts FILE…`, which is what
 * `node test/run.ts FILE` does. `SPARE_LAB_NAME` names the lab, `SPARE_LAB_KEEP=1` leaves it running after a failure, to be looked into.
 */
import { resolve } from 'node:path';
import { progress } from '../progress.ts';
import { withTemporaryLab } from '../temporary-lab.ts';
import { runScenarios, type ScenarioOutcome, timeTable } from './run-scenarios.ts';
import type { Scenario } from './scenario.ts';

const scenarios: Scenario[] = [];
for (const file of process.argv.slice(2))
  scenarios.push(((await import(resolve(file))) as { default: Scenario }).default);

interface Result {
  engine: string;
  outcomes: ScenarioOutcome[];
}

const anyFailed = ({ outcomes }: Result) => outcomes.some(({ failed }) => failed > 0);
const { engine, outcomes } = await withTemporaryLab<Result>(
  { name: 'scenarios', tell: progress, leftover: 'remove', failed: anyFailed },
  async (lab) => ({ engine: lab.engine.name, outcomes: await runScenarios(lab, scenarios) }),
);
const sum = (key: 'passed' | 'failed') => outcomes.reduce((total, outcome) => total + outcome[key], 0);
const missing = scenarios.filter(({ name }) => !outcomes.some((outcome) => outcome.name === name)).length;
const failed = sum('failed') + missing;
console.log(`\n${timeTable(engine, outcomes).join('\n')}`);
console.log(`\n  Total:     ${sum('passed') + failed}\n  Passed:    ${sum('passed')}`);
process.exitCode = failed > 0 ? 1 : 0;

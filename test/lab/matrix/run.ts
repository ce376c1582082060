/**
 * The fault matrix in the lab: `npm run matrix`, or `npm run matrix -- NAME…` for some rows, in this order. It takes over half an hour, so it is no part of
 * `npm test`. Ends with the table of what was observed, in Markdown.
 */
import { progress } from '../progress.ts';
import { runScenarios, type ScenarioOutcome, timeTable } from '../scenarios/run-scenarios.ts';
import { withTemporaryLab } from '../temporary-lab.ts';
import type { Fault } from './fault.ts';
import { faultScenario } from './fault-scenario.ts';
import { FAULTS } from './faults.ts';
import type { Observation } from './observation.ts';
import { observationTable } from './table.ts';

interface Result {
  engine: string;
  outcomes: ScenarioOutcome[];
}

const names = process.argv.slice(2);
const faults = names.length === 0 ? FAULTS : names.map(faultNamed);
const seen = new Map<string, Partial<Observation>>();
const observe = (name: string, part: Partial<Observation>) => {
  seen.set(name, { ...seen.get(name), ...part });
  console.log(`# ${name}: ${JSON.stringify(part)}`);
};

const { engine, outcomes } = await withTemporaryLab<Result>(
  {
    name: 'matrix',
    tell: progress,
    leftover: 'remove',
    failed: (result) => result.outcomes.some(({ failed }) => failed > 0),
  },
  async (lab) => ({
    engine: lab.engine.name,
    outcomes: await runScenarios(
      lab,
      faults.map((fault) => faultScenario(fault, observe)),
    ),
  }),
);
console.log(`\n${timeTable(engine, outcomes).join('\n')}\n\n${observationTable(faults, seen)}`);
const passed = faults.filter(({ name }) => outcomes.some((outcome) => outcome.name === name && outcome.failed === 0));
process.exitCode = passed.length === faults.length ? 0 : 1;

function faultNamed(name: string): Fault {
  const found = FAULTS.find((fault) => fault.name === name);
  if (found === undefined)
    throw new Error(`Unknown row '${name}'. There are: ${FAULTS.map((row) => row.name).join(', ')}`);
  return found;
}

import type { Operation } from '../steps/runner.ts';

/** The output of `--dry-run --json`: the steps in order, with the command lines that would run. */
export interface Plan {
  dryRun: true;
  operation: string;
  host: string;
  steps: { name: string; title: string; machine: string; commandLines: readonly string[] }[];
}

export function planOf(operation: Operation): Plan {
  return {
    dryRun: true,
    operation: operation.name,
    host: operation.host,
    steps: operation.steps.map(({ name, title, machine, commandLines }) => ({
      name,
      title,
      machine: machine.name,
      commandLines,
    })),
  };
}

export function planText(plan: Plan): string {
  const width = Math.max(...plan.steps.map((step) => step.machine.length));
  const lines = plan.steps.flatMap((step, index) => [
    `${String(index + 1).padStart(2)}. ${step.machine.padEnd(width)}  ${step.title}`,
    ...step.commandLines.map((line) => `    ${' '.repeat(width)}    ${line}`),
  ]);
  return [`Plan for ${plan.operation} of ${plan.host}. Nothing was changed.`, ...lines].join('\n');
}

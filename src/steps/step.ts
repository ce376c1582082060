import type { Machine } from '../machine/machine.ts';

/** What a step tells while it runs: `detail` for people; `fraction` 0 to 1, where it is known. */
export interface Progress {
  detail: string;
  fraction?: number;
}

/**
 * One step of an operation. It can be run again after being killed anywhere: `check` tells whether its effect is
 * already there, `run` makes it so, `undo` takes it back. Planning is pure: steps are made from facts and options,
 * and nothing happens until the runner runs them.
 */
export interface Step {
  /** Stable kebab-case name: the journal's key. */
  readonly name: string;
  /** What it does, as a person would say it: `Fence the LUN of alpha`. */
  readonly title: string;
  readonly machine: Machine;
  /** The command lines, as they will be run; what is done in-process is told in words, in parentheses. Never a secret. */
  readonly commandLines: readonly string[];
  /** True when nothing is left to do. Without it the step always runs. */
  check?(): Promise<boolean>;
  run(report: (progress: Progress) => void): Promise<void>;
  /** Takes the step's effect back, if the operation fails before a step with `pointOfNoReturn`. */
  undo?(): Promise<void>;
  /** After this step the operation only goes forward. */
  readonly pointOfNoReturn?: boolean;
}

/** Makes steps on one machine. */
export function stepOn(machine: Machine): (partial: Omit<Step, 'machine'>) => Step {
  return (partial) => ({ machine, ...partial });
}

export type StepStatus = 'pending' | 'running' | 'done' | 'already-done' | 'failed' | 'undone';

export type RunEvent =
  | { type: 'step'; step: Step; status: StepStatus; elapsed_ms: number; error?: unknown }
  | { type: 'progress'; step: Step; progress: Progress };

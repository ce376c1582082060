import type { Machine } from '../machine/machine.ts';

/** Progress of a running step: `detail` for people; `fraction` from 0 to 1, if known. */
export interface Progress {
  detail: string;
  fraction?: number;
}

/**
 * One step of an operation. It can be run again after being killed at any point: `check` tells whether its effect is
 * already there, `run` produces it, `undo` reverts it. Planning is pure: it makes steps from facts and options, and
 * nothing happens until the runner runs them.
 */
export interface Step {
  /** Stable kebab-case name: the journal's key. */
  readonly name: string;
  /** What it does, for people: `Fence the LUN of alpha`. */
  readonly title: string;
  readonly machine: Machine;
  /** The command lines that will run. What spare does in-process is described in parentheses. Never a secret. */
  readonly commandLines: readonly string[];
  /** True if nothing is left to do. Without it the step always runs. */
  check?(): Promise<boolean>;
  run(report: (progress: Progress) => void): Promise<void>;
  /** Reverts the step, if the operation fails before a step with `pointOfNoReturn`. */
  undo?(): Promise<void>;
  /** After this step the operation cannot be rolled back. */
  readonly pointOfNoReturn?: boolean;
}

/** Creates steps that run on one machine. */
export function stepOn(machine: Machine): (partial: Omit<Step, 'machine'>) => Step {
  return (partial) => ({ machine, ...partial });
}

export type StepStatus = 'pending' | 'running' | 'done' | 'already-done' | 'failed' | 'undone';

export type RunEvent =
  | { type: 'step'; step: Step; status: StepStatus; elapsed_ms: number; error?: unknown }
  | { type: 'progress'; step: Step; progress: Progress }
  /** Told once: the operation goes on. */
  | { type: 'journal-unwritten'; error: Error };

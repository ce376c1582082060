import { dirname } from 'node:path';
import type { HostStateName } from '../hosts/host-record.ts';
import { stateOf } from '../hosts/host-state.ts';
import { appendToJournal, journalPath } from '../hosts/journal.ts';
import type { Clock } from '../std/clock.ts';
import { type ExitKind, SpareError } from '../std/errors.ts';
import { type EventFacts, eventOf } from '../std/event.ts';
import type { EventName } from '../std/event-table.ts';
import { lockHost } from './host-lock.ts';
import { OperationFailed, type OperationReport, type StepReport } from './operation-report.ts';
import type { RunEvent, Step, StepStatus } from './step.ts';

/** A plan that can be shown or run. */
export interface Operation {
  /** `enroll`, `failover`, `failback`, …: the journal's name for it. */
  readonly name: string;
  readonly host: string;
  readonly steps: readonly Step[];
  /** The states in which the plan is right: between planning and the lock, another operation may have come and gone. */
  readonly startsIn?: readonly HostStateName[];
  /** How to run it again, if not with `spare NAME HOST`. */
  readonly again?: string;
  /** The command that finishes a rollback which failed, if not the operation itself. */
  readonly rollBack?: string;
  /** An earlier run may have passed the point of no return: a failure now rolls nothing back. */
  readonly onlyForward?: boolean;
  /** The service is down until it is done: it starts even where its journal cannot be written. */
  readonly urgent?: boolean;
}

export interface RunOptions {
  onEvent?: (event: RunEvent) => void;
  /** Ends the operation after the current step. */
  signal?: AbortSignal;
  clock: Clock;
}

/**
 * Runs the steps in order under the host's lock, with a durable journal entry before and after each.
 * Stops at the first step that fails. If no step with `pointOfNoReturn` has run by then, rolls back the steps of this run, last first.
 * @throws SpareError `busy`, or `precondition` where the host is in another state than was planned for; OperationFailed, which is
 *   `refused` or `unexpected` (as the step threw it), or `stepFailed`.
 */
export async function runOperation(operation: Operation, options: RunOptions): Promise<OperationReport> {
  const lock = await lockHost(operation.host, operation.name, options.clock);
  try {
    assertStateAsPlanned(operation);
    return await runLocked(operation, options);
  } finally {
    await lock.release();
  }
}

type Tell = (step: Step, status: StepStatus, elapsed_ms: number, error?: unknown) => void;
/** Returns why the entry could not be written. */
type Journal = (event: EventName, facts?: EventFacts, message?: string) => Error | undefined;

function assertStateAsPlanned(operation: Operation): void {
  const { name, host, startsIn } = operation;
  if (!startsIn) return;
  const state = stateOf(host);
  if (startsIn.includes(state)) return;
  throw new SpareError(
    'precondition',
    'STATE_CHANGED',
    `Cannot start ${name} of ${host}: it is now ${state}, expected ${startsIn.join(' or ')}`,
    { hint: `To see its state, run: spare status ${host}. If the ${name} is still needed, ${againOf(operation)}` },
  );
}

async function runLocked(operation: Operation, options: RunOptions): Promise<OperationReport> {
  const { host, name, steps } = operation;
  const { clock } = options;
  const startedAt = clock.wallTime().toISOString();
  const started_ms = clock.bootTime_ms();
  const since_ms = (begin_ms: number) => Math.round(clock.bootTime_ms() - begin_ms);
  const rows = new Map(steps.map((step) => [step, pendingRow(step)]));
  const report = (): OperationReport => ({
    operation: name,
    host,
    startedAt,
    elapsed_ms: since_ms(started_ms),
    steps: [...rows.values()],
  });
  const tell: Tell = (step, status, elapsed_ms, error) => {
    const row = rows.get(step);
    // A step that failed stays the one that failed, also when what it had done is rolled back.
    if (row && row.status !== 'failed') Object.assign(row, { status, ...(status !== 'undone' && { elapsed_ms }) });
    options.onEvent?.({ type: 'step', step, status, elapsed_ms, error });
  };
  let isUnwrittenTold = false;
  const journal: Journal = (event, facts, message) => {
    const entry = eventOf(event, { host, facts: { operation: name, ...facts }, ...(message && { message }) });
    const error = appendToJournal(host, entry, clock);
    if (error && !isUnwrittenTold) options.onEvent?.({ type: 'journal-unwritten', error });
    isUnwrittenTold ||= error !== undefined;
    return error;
  };

  const unwritten = journal('operation-begun', { again: againOf(operation) });
  if (unwritten) refuseWithoutJournal(operation, unwritten);
  const begun: Step[] = [];
  for (const step of steps) {
    const stepStarted_ms = clock.bootTime_ms();
    try {
      throwIfInterrupted(operation, options.signal);
      tell(step, 'running', 0);
      const status = (await step.check?.()) ? 'already-done' : 'done';
      if (status === 'done') {
        // Where this intent cannot be written, the step runs all the same. Steps can be run again without it, and stopping here could
        // leave the service nowhere: a full disk is no reason for that.
        journal('step-begun', { step: step.name }, step.title);
        begun.push(step);
        await step.run((progress) => options.onEvent?.({ type: 'progress', step, progress }));
      }
      // Steps of an earlier run are not rolled back, but its point of no return stays passed.
      else if (step.pointOfNoReturn) begun.push(step);
      journal(status === 'done' ? 'step-done' : 'step-skipped', { step: step.name }, step.title);
      tell(step, status, since_ms(stepStarted_ms));
    } catch (error) {
      // A journal that cannot be written keeps nothing from being rolled back: it says so, and does not throw.
      journal('step-failed', { step: step.name }, messageOf(error));
      tell(step, 'failed', since_ms(stepStarted_ms), error);
      const undone = operation.onlyForward ? 'not-begun' : await undo(begun, journal, tell);
      throw new OperationFailed(failure(operation, step, error, undone), report());
    }
  }
  journal('operation-ended');
  return report();
}

/** Before anything is changed, a full disk can still be looked after: unless the service is down meanwhile. */
function refuseWithoutJournal(operation: Operation, cause: Error): void {
  const { name, host, urgent, onlyForward } = operation;
  if (urgent || onlyForward) return;
  const path = journalPath(host);
  throw new SpareError(
    'precondition',
    'JOURNAL_UNWRITTEN',
    `Cannot start ${name} of ${host}: cannot write ${path}: ${cause.message}`,
    { hint: `Make room there, then ${againOf(operation)}. To see what is full, run: df -h ${dirname(path)}`, cause },
  );
}

function pendingRow({ name, title, machine }: Step): StepReport {
  return { name, title, machine: machine.name, status: 'pending', elapsed_ms: 0 };
}

/** What has become of a rollback: where it failed, what is left and why, one sentence each. */
type Undone = 'all' | 'not-begun' | { left: string[] };

/**
 * Rolls back the steps, last first, unless the point of no return has been passed. One that fails does not end it: each `undo` looks
 * for itself whether it is safe.
 */
async function undo(steps: readonly Step[], journal: Journal, tell: Tell): Promise<Undone> {
  if (steps.some((step) => step.pointOfNoReturn) || steps.every((step) => !step.undo)) return 'not-begun';
  const left: string[] = [];
  for (const step of steps.toReversed()) {
    if (!step.undo) continue;
    try {
      await step.undo();
      journal('step-undone', { step: step.name }, step.title);
      tell(step, 'undone', 0);
    } catch (error) {
      journal('undo-failed', { step: step.name }, messageOf(error));
      left.push(`'${step.title}' was not rolled back: ${messageOf(error)}`);
    }
  }
  if (left.length > 0) return { left };
  journal('operation-ended');
  return 'all';
}

function failure(operation: Operation, step: Step, error: unknown, undone: Undone): SpareError {
  const next = nextOf(operation, undone);
  if (error instanceof SpareError && AS_THROWN.has(error.kind)) {
    if (typeof undone === 'string' && !(operation.onlyForward && operation.rollBack)) return error;
    return new SpareError(error.kind, error.code, error.message, { hint: `${error.hint}. ${next}`, cause: error });
  }
  const { name, host } = operation;
  const own = error instanceof SpareError ? `${error.hint}. ` : '';
  return new SpareError(
    'stepFailed',
    error instanceof SpareError ? error.code : 'STEP_FAILED',
    `The ${name} of ${host} stopped at the step '${step.title}': ${messageOf(error)}`,
    { hint: `${own}${next}. Journal: ${journalPath(host)}`, cause: error },
  );
}

function nextOf(operation: Operation, undone: Undone): string {
  if (undone === 'all') return 'All changes were rolled back';
  if (undone === 'not-begun' && operation.onlyForward && operation.rollBack)
    return `Fix it, then ${againOf(operation)}; it resumes where it stopped. Or roll it back: ${operation.rollBack}`;
  if (undone === 'not-begun') return `Fix it, then ${againOf(operation)}; it resumes where it stopped`;
  const lead = operation.rollBack === undefined ? againOf(operation) : `run: ${operation.rollBack}`;
  return `Not everything was rolled back. ${undone.left.join('. ')}. Fix it, then ${lead}`;
}

/** Errors that already say what to do: a refusal, or a bug. */
const AS_THROWN: ReadonlySet<ExitKind> = new Set(['refused', 'unexpected']);

function throwIfInterrupted(operation: Operation, signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  throw new SpareError('stepFailed', 'INTERRUPTED', 'Interrupted before this step started', {
    hint: `To resume, ${againOf(operation)}`,
  });
}

function againOf({ name, host, again }: Operation): string {
  return again ?? `run 'spare ${name} ${host}' again`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

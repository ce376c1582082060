import { Listr, type ListrTaskWrapper } from 'listr2';
import type { Operation } from '../steps/runner.ts';
import type { RunEvent, Step } from '../steps/step.ts';

/** Shows the progress of an operation. It decides nothing. */
export interface OperationView {
  onEvent(event: RunEvent): void;
  /** Draws the final state and releases the terminal. */
  end(): Promise<void>;
}

/** listr2 on a terminal, one line per event elsewhere, nothing when `silent`. */
export function operationView(operation: Operation, options: { silent: boolean }): OperationView {
  if (options.silent) return { onEvent() {}, async end() {} };
  return process.stdout.isTTY ? terminalView(operation) : lineView();
}

function lineView(): OperationView {
  let lastDetail = '';
  return {
    onEvent(event) {
      if (event.type === 'journal-unwritten') return warnOfJournal(event.error);
      const { step } = event;
      if (event.type === 'progress') {
        // One line per change, not per report: logs are read later.
        if (event.progress.detail !== lastDetail) console.log(`  ${step.machine.name}: ${event.progress.detail}`);
        lastDetail = event.progress.detail;
      } else if (event.status !== 'running') {
        const label = {
          done: 'ok',
          'already-done': 'skipped',
          failed: 'FAILED',
          undone: 'rolled back',
          pending: 'pending',
        }[event.status];
        console.log(`${label.padEnd(11)} ${step.machine.name}: ${step.title} (${seconds(event.elapsed_ms)})`);
      }
    },
    async end() {},
  };
}

interface StepRow {
  settle: PromiseWithResolvers<void>;
  task?: ListrTaskWrapper<unknown, never, never>;
  settled: boolean;
}

function terminalView(operation: Operation): OperationView {
  const rows = new Map<Step, StepRow>(
    operation.steps.map((step) => [step, { settle: Promise.withResolvers<void>(), settled: false }]),
  );
  const listr = new Listr(
    operation.steps.map((step) => ({
      title: `${step.machine.name}: ${step.title}`,
      task: (_context: unknown, task: unknown) => {
        const row = rows.get(step);
        if (!row) return;
        row.task = task as NonNullable<StepRow['task']>;
        return row.settle.promise;
      },
    })),
    // The runner handles signals: listr2's own handler would exit in the middle of a step.
    { registerSignalListeners: false, exitOnError: true, rendererOptions: { collapseErrors: false } },
  );
  let journalError: Error | undefined;
  const drawing = listr.run().catch(() => undefined);
  const settle = (row: StepRow, error?: Error) => {
    if (row.settled) return;
    row.settled = true;
    if (error) row.settle.reject(error);
    else row.settle.resolve();
  };
  return {
    onEvent(event) {
      if (event.type === 'journal-unwritten') {
        journalError = event.error;
        return;
      }
      const row = rows.get(event.step);
      if (!row) return;
      if (event.type === 'progress') {
        if (row.task) row.task.output = event.progress.detail;
      } else if (event.status === 'failed') {
        settle(row, event.error instanceof Error ? event.error : new Error(String(event.error)));
      } else if (event.status === 'done' || event.status === 'already-done') {
        if (row.task) row.task.title += event.status === 'done' ? ` (${seconds(event.elapsed_ms)})` : ' (already done)';
        settle(row);
      } else if (event.status === 'undone') {
        console.log(`Rolled back: ${event.step.title}`);
      }
    },
    async end() {
      for (const row of rows.values()) settle(row);
      await drawing;
      if (journalError) warnOfJournal(journalError);
    },
  };
}

function warnOfJournal(error: Error): void {
  console.error(`warning: Cannot write the journal of this operation: ${error.message}`);
}

function seconds(elapsed_ms: number): string {
  return `${(elapsed_ms / 1000).toFixed(1)} s`;
}

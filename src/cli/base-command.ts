import { Command, Flags } from '@oclif/core';
import { type Clock, systemClock } from '../std/clock.ts';
import type { OperationReport } from '../steps/operation-report.ts';
import { type Operation, runOperation } from '../steps/runner.ts';
import { operationView } from './operation-view.ts';
import { type Plan, planOf, planText } from './plan-view.ts';
import { reportError } from './report-error.ts';

/** A flag of every command that changes something. */
export const dryRunFlag = {
  'dry-run': Flags.boolean({
    description: 'show every step with its machine and command lines; change nothing',
  }),
};

/** The exit code that a shell reports for a program ended by Ctrl-C. */
const INTERRUPTED = 130;
/** conf's writer (through when-exit) repeats the first signal to this process: that is not the user's second one. */
const SIGNALS_OF_ONE_INTERRUPTION = 2;

/** Common to all commands: `--json`, one way to fail, one way to run an operation. */
export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true;

  /** The one clock of the program: whatever a command calls is handed this one. */
  protected readonly clock: Clock = systemClock;

  /** Ctrl-C, SIGTERM and a terminal that is closed end an operation after the current step; two more end it at once. */
  protected readonly interruption = new AbortController();

  protected override async init(): Promise<void> {
    await super.init();
    let signals = 0;
    const interrupt = () => {
      signals += 1;
      if (signals > SIGNALS_OF_ONE_INTERRUPTION) process.exit(INTERRUPTED);
      this.interruption.abort();
    };
    // Not `once`: execa's clean-up ends the process on a signal without other listeners.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, interrupt);
    process.on('SIGHUP', () => {
      loseTerminal();
      interrupt();
    });
  }

  /**
   * Runs the operation and shows its progress: on a terminal as tasks, elsewhere as plain lines, not at all with `--json`.
   * With `dryRun`, shows the plan and changes nothing.
   */
  protected async operate(operation: Operation, options: { dryRun: boolean }): Promise<OperationReport | Plan> {
    if (options.dryRun) {
      const plan = planOf(operation);
      if (!this.jsonEnabled()) this.log(planText(plan));
      return plan;
    }
    const view = operationView(operation, { silent: this.jsonEnabled() });
    try {
      const { clock, interruption } = this;
      return await runOperation(operation, { onEvent: view.onEvent, signal: interruption.signal, clock });
    } finally {
      await view.end();
    }
  }

  /** oclif loses exit codes with `--json`, so errors and exit codes are handled here. */
  protected override async catch(error: Error): Promise<void> {
    reportError(error, { json: this.jsonEnabled() });
  }
}

/** The administrator's connection is gone: what is written to its terminal would fail, and end the process in the middle of a rollback. */
function loseTerminal(): void {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.isTTY) stream.write = () => true;
  }
}

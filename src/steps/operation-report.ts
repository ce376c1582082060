import { SpareError } from '../std/errors.ts';
import type { StepStatus } from './step.ts';

/** What was done: plain data that any view can draw. Times are milliseconds. Every step of the plan is there, also one that was not begun. */
export interface OperationReport {
  operation: string;
  host: string;
  startedAt: string;
  elapsed_ms: number;
  steps: StepReport[];
}

export interface StepReport {
  name: string;
  title: string;
  machine: string;
  status: StepStatus;
  elapsed_ms: number;
}

/** An operation that began and did not finish, with what it did until then. The error is the one that ended it. */
export class OperationFailed extends SpareError {
  readonly report: OperationReport;

  constructor(error: SpareError, report: OperationReport) {
    super(error.kind, error.code, error.message, { hint: error.hint, cause: error.cause ?? error });
    this.report = report;
  }
}

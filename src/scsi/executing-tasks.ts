import { Bag, type Placed } from '../std/bag.ts';
import type { Task } from './task.ts';

/** A task from start to end. */
export interface Execution extends Placed {
  readonly task: Task;
  /** Callbacks that wait for its end. */
  waiting: (() => void)[] | undefined;
}

/** The tasks that a logical unit is executing. */
export class ExecutingTasks {
  readonly #executions = new Bag<Execution>();

  begin(task: Task): Execution {
    const execution = { task, waiting: undefined, place: 0 };
    this.#executions.add(execution);
    return execution;
  }

  end(execution: Execution): void {
    this.#executions.remove(execution);
    for (const done of execution.waiting ?? []) done();
  }

  /** Aborts the tasks of these nexuses, and calls back when none of them can have a further effect. They get no response. */
  abort(nexusIds: ReadonlySet<string>, done: () => void): void {
    let left = 1;
    const oneDone = (): void => {
      left -= 1;
      if (left === 0) done();
    };
    for (const execution of this.#executions.items) {
      if (!nexusIds.has(execution.task.nexus.id)) continue;
      execution.task.aborted = true;
      left += 1;
      execution.waiting = [...(execution.waiting ?? []), oneDone];
    }
    oneDone();
  }
}

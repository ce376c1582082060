import type { Task } from './task.ts';

/** The tasks that a logical unit has in its hands. */
export class ExecutingTasks {
  readonly #tasks = new Map<Task, (() => void)[] | undefined>();

  begin(task: Task): void {
    this.#tasks.set(task, undefined);
  }

  end(task: Task): void {
    const waiting = this.#tasks.get(task);
    this.#tasks.delete(task);
    for (const done of waiting ?? []) done();
  }

  /** Aborts the tasks of these nexuses, and calls back when none of them can have an effect any more. They get no response. */
  abort(nexusIds: ReadonlySet<string>, done: () => void): void {
    let left = 1;
    const oneDone = (): void => {
      left -= 1;
      if (left === 0) done();
    };
    for (const [task, waiting] of this.#tasks) {
      if (!nexusIds.has(task.nexus.id)) continue;
      task.aborted = true;
      left += 1;
      this.#tasks.set(task, [...(waiting ?? []), oneDone]);
    }
    oneDone();
  }
}

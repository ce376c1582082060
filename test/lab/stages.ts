import { Listr, PRESET_TIMER } from 'listr2';
import { progress, seconds } from './progress.ts';

export interface Stage {
  title: string;
  run(): Promise<void>;
}

/** Shows what runs: listr2's view on a terminal, lines on standard error elsewhere. */
export class Stages {
  readonly #terminal: boolean;
  #show: (line: string) => void = progress;

  constructor({ terminal }: { terminal: boolean }) {
    this.#terminal = terminal;
  }

  /** A detail of the stage that runs. */
  tell(line: string): void {
    this.#show(line);
  }

  async run(stages: readonly Stage[]): Promise<void> {
    if (this.#terminal) return this.#runInView(stages);
    for (const { title, run } of stages) {
      progress(`${title} …`);
      const started = performance.now();
      await run();
      progress(`${title}: done in ${seconds(performance.now() - started)}`);
    }
  }

  async #runInView(stages: readonly Stage[]): Promise<void> {
    const tasks = stages.map(({ title, run }) => ({
      title,
      task: (_: unknown, task: { output: string }) => {
        this.#show = (line) => {
          task.output = line;
        };
        return run();
      },
    }));
    // Signals belong to the lab, which has machines to switch off; listr2's own handler would just exit.
    const options = { registerSignalListeners: false, rendererOptions: { timer: PRESET_TIMER } };
    await new Listr(tasks, options).run().finally(() => {
      this.#show = progress;
    });
  }
}

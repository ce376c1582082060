import { execLines, execLocal } from './exec.ts';
import { NO_SUCH_FILE, readFileArgv, writeFileArgv } from './file-commands.ts';
import type { ExecOptions, ExecResult, Machine } from './machine.ts';

/** The machine that spare runs on: the standby. */
export class LocalMachine implements Machine {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  exec(argv: readonly string[], options?: ExecOptions): Promise<ExecResult> {
    return execLocal(argv, options);
  }

  /** The lines that a long-lived command prints, until it ends or `signal` ends it. */
  lines(argv: readonly string[], signal: AbortSignal): AsyncGenerator<string, void> {
    return execLines(argv, signal);
  }

  async writeFile(path: string, content: string, mode: number): Promise<void> {
    await this.exec(writeFileArgv(path, mode), { input: content });
  }

  async readFile(path: string): Promise<string | undefined> {
    const { exitCode, stdout } = await this.exec(readFileArgv(path), { acceptExitCodes: [NO_SUCH_FILE] });
    return exitCode === NO_SUCH_FILE ? undefined : stdout;
  }
}

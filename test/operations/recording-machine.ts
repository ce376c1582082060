import { writeFileArgv, writeFilesArgv, writeFilesInput } from '../../src/machine/file-commands.ts';
import type { ExecOptions, ExecResult, Machine, WrittenFile } from '../../src/machine/machine.ts';

/** Records its commands and answers with `answer`; by default with success and no output. */
export class RecordingMachine implements Machine {
  readonly name: string;
  readonly commands: (readonly string[])[] = [];
  readonly #answer: (argv: readonly string[]) => ExecResult;

  constructor(name: string, answer?: (argv: readonly string[]) => ExecResult) {
    this.name = name;
    this.#answer = answer ?? (() => ({ exitCode: 0, stdout: '', stderr: '' }));
  }

  async exec(argv: readonly string[], _options?: ExecOptions): Promise<ExecResult> {
    this.commands.push(argv);
    return this.#answer(argv);
  }

  /** By the same command as the real machines. */
  async writeFile(path: string, content: string, mode: number): Promise<void> {
    await this.exec(writeFileArgv(path, mode), { input: content });
  }

  async writeFiles(files: readonly WrittenFile[]): Promise<void> {
    await this.exec(writeFilesArgv(), { input: writeFilesInput(files) });
  }

  async readFile(_path: string): Promise<string | undefined> {
    return undefined;
  }
}

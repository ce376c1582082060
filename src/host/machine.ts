/** How a command is run on a machine: nothing else in spare starts a process. */
export interface ExecOptions {
  /** Given to the command's standard input, e.g. secrets that must not be seen in `ps`. */
  input?: string;
  /** Kills the command after this; the default is 60 s. */
  timeout_ms?: number;
  /** Exit codes that are an answer, not a failure; 0 always is one. */
  acceptExitCodes?: readonly number[];
}

export interface ExecResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** The standby itself, or a primary over OpenSSH. Same calls for both, so that a driver need not know where it works. */
export interface Machine {
  /** `standby`, or the host's name. */
  readonly name: string;
  /** Runs `argv` without a shell. Throws a `SpareError` on an unaccepted exit code, on time-out, and when the machine does not answer. */
  exec(argv: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  /** Writes a file atomically (temporary name, fsync, rename). `mode` is octal, e.g. 0o600. */
  writeFile(path: string, content: string, mode: number): Promise<void>;
  /** The content, or `undefined` where there is no such file. */
  readFile(path: string): Promise<string | undefined>;
}

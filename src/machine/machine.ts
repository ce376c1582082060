/** How to run a command on a machine: spare starts processes in no other way. */
export interface ExecOptions {
  /** Sent to the command's standard input, e.g. secrets that must not appear in `ps`. */
  input?: string;
  /** Kills the command after this; the default is 60 s. */
  timeout_ms?: number;
  /** Ends the command: for what is only a look, and may be ended at any time. */
  signal?: AbortSignal;
  /** Exit codes that are an answer, not a failure; 0 always is. */
  acceptExitCodes?: readonly number[];
}

/** A long-lived command that answers questions, line by line. */
export interface Conversation {
  /** Until it ends, for whatever reason. */
  lines: AsyncIterable<string>;
  /** Passed over while earlier questions have not been taken. */
  ask(line: string): void;
  end(): void;
}

export interface ExecResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

export interface WrittenFile {
  path: string;
  content: string;
  /** Octal, e.g. 0o600. */
  mode: number;
}

/** The standby itself, or a primary over OpenSSH. Both offer the same calls, so that callers need not know the difference. */
export interface Machine {
  /** `standby`, or the host's name. */
  readonly name: string;
  /** Runs `argv` without a shell. Throws a `SpareError` on an unaccepted exit code, on timeout, and if the machine does not answer. */
  exec(argv: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  /** Writes a file atomically (temporary name, fsync, rename). `mode` is octal, e.g. 0o600. */
  writeFile(path: string, content: string, mode: number): Promise<void>;
  /** Writes each of them so, in one call: a remote call costs more than a file. */
  writeFiles(files: readonly WrittenFile[]): Promise<void>;
  /** The content, or `undefined` if the file does not exist. */
  readFile(path: string): Promise<string | undefined>;
}

/**
 * The standby itself. The state of its block devices is read in-process: in a failover every started process costs time, on a
 * busy machine more than the work it does.
 */
export interface StandbyMachine extends Machine {
  /** `md/array_state` of the array at this path, such as `clean`; `undefined` if it is not running. */
  arrayState(device: string): Promise<string | undefined>;
  /** Links `device` to the array that uses a leg; false while no array uses it. */
  linkMirrorSet(device: string, leg: string): Promise<boolean>;
  isBlockDevice(path: string): Promise<boolean>;
  /** The loop devices that a file is attached to, e.g. `/dev/loop0`. */
  loopsOf(path: string): Promise<string[]>;
  /** Up to `length_bytes` bytes of a regular file, through the page cache like all its writers. */
  readFileBytes(path: string, offset_bytes: number, length_bytes: number): Promise<Buffer>;
}

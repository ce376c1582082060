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

/**
 * The standby itself. What its kernel says of block devices is read in-process: in a takeover every process that is
 * started costs, on a busy machine more than the work it does.
 */
export interface StandbyMachine extends Machine {
  /** `md/array_state` of the mirror set at this path, such as `clean`; `undefined` where none runs. */
  arrayState(device: string): Promise<string | undefined>;
  /** Links `device` to the mirror set that a leg is held by; false while it is held by none. */
  linkMirrorSet(device: string, leg: string): Promise<boolean>;
  isBlockDevice(path: string): Promise<boolean>;
  /** The loop devices that a file is attached to, e.g. `/dev/loop0`. */
  loopsOf(path: string): Promise<string[]>;
  /** Bytes of a regular file, through the page cache, as all who write it: as many as there are, up to `length_bytes`. */
  readFileBytes(path: string, offset_bytes: number, length_bytes: number): Promise<Buffer>;
}

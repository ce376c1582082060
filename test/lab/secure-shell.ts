import { join } from 'node:path';
import { execa } from 'execa';
import type { Network } from './network.ts';

export interface GuestResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

export interface GuestOptions {
  /** Given to the command's standard input. */
  input?: string | Uint8Array;
  /** Default 60 s. */
  timeout_ms?: number;
  /** Return the result whatever the exit code is, instead of throwing. */
  acceptFailure?: boolean;
}

const DEFAULT_TIMEOUT_MS = 60_000;
/** OpenSSH gives a silent connection up after `ServerAliveInterval` × `ServerAliveCountMax`. */
const DEAD_CONNECTION_MS = 65_000;
/** What timeout(1) ends with when the time is over. */
const TIMED_OUT = 124;

/**
 * How this machine reaches into a lab machine: OpenSSH inside the lab's network namespace, one shared connection a machine,
 * since a handshake costs half a second under emulation.
 */
export class SecureShell {
  readonly #network: Network;
  readonly #address: string;
  readonly #options: string[];

  constructor(network: Network, address: string, key: string, runDirectory: string) {
    this.#network = network;
    this.#address = address;
    const options = [
      // The lab's machines make new host keys in each lab, and nothing secret goes there.
      ...[
        'StrictHostKeyChecking=no',
        'UserKnownHostsFile=/dev/null',
        'GlobalKnownHostsFile=/dev/null',
        'LogLevel=ERROR',
      ],
      ...[
        'BatchMode=yes',
        'IdentitiesOnly=yes',
        'ConnectTimeout=60',
        'ServerAliveInterval=10',
        'ServerAliveCountMax=6',
      ],
      // The cheapest to emulate.
      ...['Ciphers=aes128-gcm@openssh.com', 'KexAlgorithms=curve25519-sha256'],
      ...['ControlMaster=auto', 'ControlPersist=120', `ControlPath=${join(runDirectory, `ssh-${address}`)}`],
    ];
    this.#options = ['-F', 'none', '-i', key, ...options.flatMap((option) => ['-o', option])];
  }

  /** The command line for a person or a long-lived stream: `command` is given to the guest's shell. */
  commandLine(command: readonly string[], terminal = false): [string, string[]] {
    const argv = ['ssh', ...this.#options, ...(terminal ? ['-t'] : []), `root@${this.#address}`, ...command];
    return this.#network.inside(argv);
  }

  /** Runs `command` in the guest's shell. Throws on a non-zero exit, with what the command printed. */
  async run(command: string, options: GuestOptions = {}): Promise<GuestResult> {
    const timeout_ms = options.timeout_ms ?? DEFAULT_TIMEOUT_MS;
    // The shared connection holds the pipes until the guest's side ends, so that is where the time limit belongs;
    // the one here is for a guest that does not answer at all.
    const limited = `timeout ${Math.ceil(timeout_ms / 1000)} sh -c ${quoteForShell(command)}`;
    const result = await execa(...this.commandLine([limited]), {
      ...(options.input === undefined ? { stdin: 'ignore' } : { input: options.input }),
      timeout: timeout_ms + DEAD_CONNECTION_MS,
      reject: false,
      stripFinalNewline: false,
    });
    const exitCode = result.exitCode ?? -1;
    const answer = { exitCode, stdout: String(result.stdout), stderr: String(result.stderr) };
    if (exitCode === 0 || (options.acceptFailure === true && exitCode > 0 && exitCode !== 255)) return answer;
    const why =
      result.timedOut || exitCode === TIMED_OUT ? `it took longer than ${timeout_ms / 1000} s` : `exit ${exitCode}`;
    throw new Error(`Cannot run '${command}' on ${this.#address}: ${why}\n${answer.stderr}${answer.stdout}`.trimEnd());
  }

  /** Waits until the guest's SSH port accepts connections: bare connects, since each SSH attempt slows a booting guest down. */
  async waitForPort(timeout_ms: number): Promise<boolean> {
    const loop = `until (exec 3<>/dev/tcp/${this.#address}/22) 2>/dev/null; do sleep 0.2; done`;
    const { failed } = await execa(...this.#network.inside(['bash', '-c', loop]), {
      timeout: timeout_ms,
      reject: false,
      stdin: 'ignore',
    });
    return !failed;
  }

  /** Ends the shared connection, e.g. after the machine was killed. */
  async close(): Promise<void> {
    const argv = ['ssh', ...this.#options, '-O', 'exit', `root@${this.#address}`];
    await execa(...this.#network.inside(argv), { reject: false, stdin: 'ignore' });
  }
}

/** One word of a shell's command line. */
export function quoteForShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

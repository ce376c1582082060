import { LIMITS } from './limits.ts';
import { serialAdd, serialLess } from './serial-number.ts';

/**
 * The order of commands in a session (RFC 7143 §4.2.2.1): which CmdSN comes next, and how many more are welcome.
 * `Command` is what is kept of one that came too early.
 */
export class CommandWindow<Command> {
  #expCmdSn: number;
  /** Commands that were delivered and have no response yet: they reduce the window. */
  #open = 0;
  /** Commands that arrived before an earlier one, and numbers that were cancelled (`undefined`). */
  readonly #held = new Map<number, Command | undefined>();

  constructor(expCmdSn: number) {
    this.#expCmdSn = expCmdSn;
  }

  get expCmdSn(): number {
    return this.#expCmdSn;
  }

  get maxCmdSn(): number {
    return serialAdd(this.#expCmdSn, LIMITS.commands - this.#open - 1);
  }

  /** Accepts a command. False: its number is outside the window, and it must be ignored silently. */
  arrive(cmdSn: number, command: Command): boolean {
    if (!this.#contains(cmdSn) || this.#held.has(cmdSn)) return false;
    this.#held.set(cmdSn, command);
    return true;
  }

  /** The next command in order, or `undefined` while it has not arrived. */
  next(): Command | undefined {
    while (this.#held.has(this.#expCmdSn)) {
      const command = this.#held.get(this.#expCmdSn);
      this.#held.delete(this.#expCmdSn);
      this.#expCmdSn = serialAdd(this.#expCmdSn, 1);
      if (command !== undefined) return command;
    }
    return undefined;
  }

  /** Whether `cmdSn` is the expected one: `advance` then replaces `arrive` and `next`, without storing anything. */
  advance(cmdSn: number): boolean {
    if (cmdSn !== this.#expCmdSn || this.#held.size > 0 || this.#open >= LIMITS.commands) return false;
    this.#expCmdSn = serialAdd(cmdSn, 1);
    return true;
  }

  /** Treats a command that has not been delivered as received and aborted (RFC 7143 §11.5.5). False if it is not in the window. */
  cancel(cmdSn: number): boolean {
    if (!this.#contains(cmdSn)) return false;
    this.#held.set(cmdSn, undefined);
    return true;
  }

  opened(): void {
    this.#open++;
  }

  closed(): void {
    this.#open--;
  }

  #contains(cmdSn: number): boolean {
    return !serialLess(cmdSn, this.#expCmdSn) && !serialLess(this.maxCmdSn, cmdSn);
  }
}

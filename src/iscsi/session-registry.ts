import { whenAll } from '../std/when-all.ts';
import type { ActiveTask } from './active-task.ts';

/** What a target needs from its sessions. */
export interface TargetSession {
  readonly identity: { initiatorName: string; isid: string; tsih: number; remoteAddress: string; since: number };
  tasks(): Iterable<ActiveTask>;
  /** Aborts those of these tasks that are its own. */
  abort(tasks: readonly ActiveTask[]): void;
  /** Calls back when none of its tasks can have a further effect. */
  terminate(reason: string, ended: () => void): void;
}

/** The open sessions of a target (RFC 7143 §4.4.3), in the order in which they started. */
export class SessionRegistry implements Iterable<TargetSession> {
  /** When the last remaining session ended, in milliseconds of boot time. */
  lastEndedAt: number | null = null;
  readonly #open = new Set<TargetSession>();
  #lastTsih = 0;

  get size(): number {
    return this.#open.size;
  }

  [Symbol.iterator](): Iterator<TargetSession> {
    return this.#open.values();
  }

  add(session: TargetSession): void {
    this.#open.add(session);
  }

  /** Removes an ended session; an unknown one is ignored. */
  remove(session: TargetSession, now: number): void {
    if (!this.#open.delete(session)) return;
    if (this.#open.size === 0) this.lastEndedAt = now;
  }

  /** A Target Session Identifying Handle that no open session has; 0 is reserved. */
  newTsih(): number {
    const used = new Set([...this.#open].map((session) => session.identity.tsih));
    do this.#lastTsih = (this.#lastTsih % 0xffff) + 1;
    while (used.has(this.#lastTsih));
    return this.#lastTsih;
  }

  /**
   * Ends sessions of the same initiator port (RFC 7143 §6.3.5: session reinstatement), and calls back when none of
   * their tasks can have a further effect. Call it for authenticated initiators only.
   */
  reinstate(initiatorName: string, isid: string, done: () => void): void {
    const old = [...this.#open].filter(
      ({ identity }) => identity.initiatorName === initiatorName && identity.isid === isid,
    );
    whenAll(old, (session, ended) => session.terminate('replaced by a new login', ended), done);
  }

  /** Ends every session; calls back when none of their tasks can have a further effect. */
  endAll(reason: string, done: () => void): void {
    whenAll([...this.#open], (session, ended) => session.terminate(reason, ended), done);
  }

  /** Every task of every session. */
  *tasks(): Generator<ActiveTask> {
    for (const session of this.#open) yield* session.tasks();
  }
}

import { monotonic_ms } from '../std/clock.ts';

/** How long one goes on looking, and how soon the last answer's successor must have come for that to be worth while. */
const WINDOW_MS = 0.2;

/**
 * Keeps the event loop awake for a moment after each command where the next one has been coming at once. Sleeping and being
 * woken costs more than a cached block does, most of all in a virtual machine; the kernel does the same for network cards
 * (`net.core.busy_poll`) and KVM for guests (`halt_poll_ns`). Costs at most a core, while commands come less than
 * a window apart, and nothing when they don't: pings and slow loads never start it.
 */
export class BusyPoll {
  /** False where others need the processor more. */
  allowed = true;
  #lastActive_ms = 0;
  #polling = false;

  /** Something came from a peer, and what could be answered at once is answered. */
  received(arrived_ms: number, now_ms: number): void {
    const soon = arrived_ms - this.#lastActive_ms < WINDOW_MS;
    this.#lastActive_ms = now_ms;
    if (this.#polling || !soon || !this.allowed) return;
    this.#polling = true;
    setImmediate(this.#look);
  }

  /** An answer that the disk had to be waited for has been given. */
  answered(now_ms: number): void {
    this.#lastActive_ms = now_ms;
  }

  /** A turn of the event loop that doesn't sleep: it asks all sockets and all of the thread pool. */
  readonly #look = (): void => {
    this.#polling = monotonic_ms() - this.#lastActive_ms < WINDOW_MS;
    if (this.#polling) setImmediate(this.#look);
  };

  get isPolling(): boolean {
    return this.#polling;
  }
}

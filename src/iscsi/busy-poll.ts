import { monotonic_ms } from '../std/clock.ts';

/** How long to keep polling, and how soon the command after the last answer must have come for that to pay. */
const WINDOW_MS = 0.2;

/**
 * Keeps the event loop awake for a moment after each command if the next ones have been following at once. Sleeping and waking
 * up costs more than serving a cached block, especially in a virtual machine. The kernel does the same for network cards
 * (`net.core.busy_poll`), and KVM for guests (`halt_poll_ns`). It costs at most one core while commands are less than a window
 * apart, and nothing otherwise: pings and slow loads never start it.
 */
export class BusyPoll {
  /** False if others need the processor more. */
  allowed = true;
  #lastActive_ms = 0;
  #polling = false;

  /** Input has arrived from a peer, and everything that could be answered at once has been answered. */
  received(arrived_ms: number, now_ms: number): void {
    const soon = arrived_ms - this.#lastActive_ms < WINDOW_MS;
    this.#lastActive_ms = now_ms;
    if (this.#polling || !soon || !this.allowed) return;
    this.#polling = true;
    setImmediate(this.#look);
  }

  /** An answer that had to wait for the disk has been sent. */
  answered(now_ms: number): void {
    this.#lastActive_ms = now_ms;
  }

  /** A turn of the event loop that does not sleep: it polls all sockets and the thread pool. */
  readonly #look = (): void => {
    this.#polling = monotonic_ms() - this.#lastActive_ms < WINDOW_MS;
    if (this.#polling) setImmediate(this.#look);
  };

  get isPolling(): boolean {
    return this.#polling;
  }
}

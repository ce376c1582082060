/** What one of those that take from a shared budget holds of it. */
export interface BudgetShare {
  held_bytes: number;
}

/** A bound on bytes that are held at one time, shared by all that take from it. */
export class ByteBudget {
  /** May be changed at any time: what is held already stays held. */
  limit_bytes: number;
  #used_bytes = 0;
  readonly #waiting = new Set<() => void>();

  constructor(limit_bytes: number) {
    this.limit_bytes = limit_bytes;
  }

  get used_bytes(): number {
    return this.#used_bytes;
  }

  /** Takes the bytes if they fit. What is larger than the whole budget fits when nothing else is held, and nothing always fits. */
  tryTake(bytes: number): boolean {
    if (bytes > 0 && this.#used_bytes > 0 && this.#used_bytes + bytes > this.limit_bytes) return false;
    this.take(bytes);
    return true;
  }

  /** Takes them in any case: the caller has a bound of its own. */
  take(bytes: number): void {
    this.#used_bytes += bytes;
  }

  /** Calls `retry` once, at the next release. */
  whenReleased(retry: () => void): void {
    this.#waiting.add(retry);
  }

  release(bytes: number): void {
    this.#used_bytes -= bytes;
    if (this.#waiting.size === 0) return;
    const retries = [...this.#waiting];
    this.#waiting.clear();
    for (const retry of retries) retry();
  }
}

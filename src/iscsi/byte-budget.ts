/** The bytes that one holder has taken from a shared budget. */
export interface BudgetShare {
  held_bytes: number;
}

/** A limit on the bytes held at one time, shared by all holders. */
export class ByteBudget {
  /** May change at any time: bytes that are held already stay held. */
  limit_bytes: number;
  #used_bytes = 0;
  readonly #waiting = new Set<() => void>();

  constructor(limit_bytes: number) {
    this.limit_bytes = limit_bytes;
  }

  get used_bytes(): number {
    return this.#used_bytes;
  }

  /** Takes the bytes if they fit. A request larger than the whole budget fits when nothing else is held; zero bytes always fit. */
  tryTake(bytes: number): boolean {
    if (bytes > 0 && this.#used_bytes > 0 && this.#used_bytes + bytes > this.limit_bytes) return false;
    this.take(bytes);
    return true;
  }

  /** Takes them unconditionally: the caller has its own limit. */
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

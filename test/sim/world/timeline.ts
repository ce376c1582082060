interface Due {
  at_ms: number;
  number: number;
  action: (() => void) | undefined;
  /** It resumes code of the program: what that sets going runs before the next event. */
  wakes: boolean;
}

/** The world's time, and what is still to happen in it, in order. Nothing happens between two events. */
export class Timeline {
  now_ms = 0;
  events = 0;
  readonly #heap: Due[] = [];
  #number = 0;
  #hasPromises = false;

  /** @returns A function that stops it. */
  after(delay_ms: number, action: () => void, options: { wakes?: boolean } = {}): () => void {
    const due: Due = {
      at_ms: this.now_ms + Math.max(0, delay_ms),
      number: this.#number++,
      action,
      wakes: options.wakes ?? false,
    };
    this.#push(due);
    return () => {
      due.action = undefined;
    };
  }

  /** The event that happens now has set promises going: they have their turn before the next event. */
  promised(): void {
    this.#hasPromises = true;
  }

  async runUntil(end_ms: number, isOver: () => boolean = () => false): Promise<void> {
    await drained();
    while (!isOver()) {
      const due = this.#heap[0];
      if (!due || due.at_ms > end_ms) break;
      this.#pop();
      if (!due.action) continue;
      this.now_ms = Math.max(this.now_ms, due.at_ms);
      this.events += 1;
      due.action();
      if (!due.wakes && !this.#hasPromises) continue;
      this.#hasPromises = false;
      await drained();
    }
    if (!isOver()) this.now_ms = Math.max(this.now_ms, end_ms);
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let at = heap.push(due) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(due, heap[parent] as Due)) break;
      heap[at] = heap[parent] as Due;
      at = parent;
    }
    heap[at] = due;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Due;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Due, heap[child] as Due)) child += 1;
      if (!isBefore(heap[child] as Due, last)) break;
      heap[at] = heap[child] as Due;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.at_ms < b.at_ms || (a.at_ms === b.at_ms && a.number < b.number);
}

/** All promises that can go on have gone on. */
function drained(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

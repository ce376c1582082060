import { Bag, type Placed } from '../std/bag.ts';

/** A range of blocks that a command is working on. */
export interface HeldRange extends Placed {
  readonly start: number;
  readonly end: number;
  readonly exclusive: boolean;
}

interface WaitingRange {
  readonly range: HeldRange;
  readonly granted: (range: HeldRange) => void;
}

/**
 * Makes COMPARE AND WRITE and ORWRITE atomic against every command whose blocks overlap theirs (SBC-3 §5.2): they hold their
 * range exclusively, while reads and writes share theirs. As long as no command needs an exclusive range, taking one costs an entry
 * in a bag.
 */
export class RangeLock {
  readonly #held = new Bag<HeldRange>();
  #waiting: WaitingRange[] = [];
  #exclusiveCount = 0;

  /** Calls `granted` as soon as no conflicting range is held or was requested earlier: at once in the common case. */
  acquire(lba: number, blockCount: number, exclusive: boolean, granted: (range: HeldRange) => void): void {
    const range = { start: lba, end: lba + blockCount, exclusive, place: 0 };
    const conflict =
      (exclusive || this.#exclusiveCount > 0) &&
      (conflictsWithAny(range, this.#held.items) || this.#waiting.some((other) => conflicts(range, other.range)));
    if (exclusive) this.#exclusiveCount += 1;
    if (conflict) {
      this.#waiting.push({ range, granted });
    } else {
      this.#held.add(range);
      granted(range);
    }
  }

  release(range: HeldRange): void {
    this.#held.remove(range);
    if (range.exclusive) this.#exclusiveCount -= 1;
    if (this.#waiting.length > 0) this.#grantWaiting();
  }

  #grantWaiting(): void {
    const still: WaitingRange[] = [];
    const ready: WaitingRange[] = [];
    for (const candidate of this.#waiting) {
      const blocked =
        conflictsWithAny(candidate.range, this.#held.items) ||
        still.some((other) => conflicts(candidate.range, other.range));
      if (blocked) {
        still.push(candidate);
      } else {
        this.#held.add(candidate.range);
        ready.push(candidate);
      }
    }
    this.#waiting = still;
    for (const { range, granted } of ready) granted(range);
  }
}

function conflicts(a: HeldRange, b: HeldRange): boolean {
  return (a.exclusive || b.exclusive) && a.start < b.end && b.start < a.end;
}

function conflictsWithAny(range: HeldRange, others: Iterable<HeldRange>): boolean {
  for (const other of others) {
    if (conflicts(range, other)) return true;
  }
  return false;
}

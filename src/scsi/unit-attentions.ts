import { SENSE, type Sense } from './sense.ts';

/** The most nexuses that are remembered. The one idle longest is forgotten, and gets a power-on condition when it comes back. */
const NEXUS_LIMIT = 1024;

/**
 * Unit attention conditions, one queue for each I_T nexus (SAM-5 §5.14). A nexus that was never seen starts with POWER ON, RESET,
 * OR BUS DEVICE RESET OCCURRED, which is right after a start of the target.
 */
export class UnitAttentions {
  readonly #pending = new Map<string, Sense[]>();

  /** The oldest condition of the nexus, which is thereby cleared. */
  takeNext(nexusId: string): Sense | undefined {
    const queue = this.#queue(nexusId);
    return queue.length === 0 ? undefined : queue.shift();
  }

  /** For every known nexus but one. */
  establishForOthers(condition: Sense, exceptNexusId: string | undefined): void {
    for (const nexusId of this.#pending.keys()) {
      if (nexusId !== exceptNexusId) this.establish(condition, nexusId);
    }
  }

  establish(condition: Sense, nexusId: string): void {
    const queue = this.#queue(nexusId);
    const known = queue.some((other) => other.asc === condition.asc && other.ascq === condition.ascq);
    if (!known) queue.push(condition);
  }

  /** A reset discards all pending conditions and replaces them by one for every nexus. */
  reset(condition: Sense): void {
    for (const nexusId of this.#pending.keys()) this.#pending.set(nexusId, [condition]);
  }

  forget(nexusId: string): void {
    this.#pending.delete(nexusId);
  }

  #queue(nexusId: string): Sense[] {
    let queue = this.#pending.get(nexusId);
    if (queue === undefined) {
      queue = [SENSE.powerOnOrReset];
      this.#pending.set(nexusId, queue);
      if (this.#pending.size > NEXUS_LIMIT) this.#forgetOldest();
    }
    return queue;
  }

  #forgetOldest(): void {
    for (const nexusId of this.#pending.keys()) {
      this.#pending.delete(nexusId);
      return;
    }
  }
}

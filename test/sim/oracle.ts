import { BLOCKS, type Leg } from './world/leg.ts';

/** What clients of one volume were told: the truth that every leg is held against. */
export class Ledger {
  /** For each block the write that was acknowledged last. */
  readonly acknowledged: number[] = Array.from({ length: BLOCKS }, () => 0);
  /** Writes that were sent and not acknowledged: a leg may hold them, or not. */
  readonly #maybe: Set<number>[] = Array.from({ length: BLOCKS }, () => new Set());

  sent(block: number, version: number): void {
    this.#maybe[block]?.add(version);
  }

  acknowledge(block: number, version: number): void {
    this.acknowledged[block] = version;
    this.#maybe[block]?.clear();
  }

  /** The blocks in which a leg lacks an acknowledged write, or holds one of a history that was left. */
  missing(leg: Leg): number[] {
    return leg.content.flatMap((version, block) =>
      version === this.acknowledged[block] || this.#maybe[block]?.has(version) ? [] : [block],
    );
  }

  /** This leg alone is served from now on: what it holds is what clients read. */
  adopt(leg: Leg): void {
    for (const [block, version] of leg.content.entries()) {
      this.acknowledged[block] = version;
      this.#maybe[block]?.clear();
    }
  }
}

export interface Violation {
  /** Which rule was broken. */
  oracle: 'one-writer' | 'stale-leg' | 'false-green' | 'others-go-on' | 'success-observed' | 'way-out' | 'crash';
  host: string;
  at_s: number;
  message: string;
}

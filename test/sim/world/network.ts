import type { Random } from '../../fixtures/iscsi/random.ts';

/** `standby`, `gateway`, `clients`, or a host. */
export type Node = string;

/** Which machine's packets reach which: each direction of each link may be cut. */
export class Network {
  readonly #cut = new Set<string>();
  readonly #random: Random;
  /** Of each packet that a probe sends, so many in a hundred are lost. */
  loss_percent = 0;
  slowest_ms = 10;

  constructor(random: Random) {
    this.#random = random;
  }

  reaches(from: Node, to: Node): boolean {
    return this.#cut.size === 0 || !this.#cut.has(`${from} ${to}`);
  }

  bothWays(one: Node, other: Node): boolean {
    return this.reaches(one, other) && this.reaches(other, one);
  }

  cut(from: Node, to: Node): void {
    this.#cut.add(`${from} ${to}`);
  }

  mend(from: Node, to: Node): void {
    this.#cut.delete(`${from} ${to}`);
  }

  mendAll(): void {
    this.#cut.clear();
    this.loss_percent = 0;
    this.slowest_ms = 10;
  }

  delay_ms(): number {
    return 1 + this.#random.below(this.slowest_ms);
  }

  /** Several exchanges, and a record that must be durable. */
  login_ms(): number {
    return this.delay_ms() + this.#random.below(this.#random.oneIn(4) ? 1000 : 50);
  }

  loses(): boolean {
    return this.loss_percent > 0 && this.#random.below(100) < this.loss_percent;
  }
}

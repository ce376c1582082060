/** What happened, as sentences with their times. */
export class Story {
  readonly lines: string[] = [];
  readonly #now_ms: () => number;
  isKept = true;

  constructor(now_ms: () => number) {
    this.#now_ms = now_ms;
  }

  tell(sentence: string): void {
    if (this.isKept) this.lines.push(`${(this.#now_ms() / 1000).toFixed(1).padStart(7)} s  ${sentence}`);
  }
}

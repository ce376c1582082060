import type { Ledger } from '../oracle.ts';
import type { MirrorArray } from './array.ts';
import { BLOCKS } from './leg.ts';
import type { Timeline } from './timeline.ts';

const RETRY_ms = 700;

export interface ClientOptions {
  timeline: Timeline;
  ledger: Ledger;
  below: (limit: number) => number;
  nextVersion: () => number;
  /** The array behind the service address, as this client reaches it now. */
  serving: () => MirrorArray | undefined;
  /** A write was acknowledged. */
  onAcknowledged: () => void;
  /** An answer gets back to the client. */
  hears: () => boolean;
}

/** Writes one block after the other through the service address, as an NFS client does: what is not acknowledged is sent again. */
export class Client {
  isIdle = false;
  /** Since when its write waits. */
  waitingSince_ms: number | undefined;
  acknowledged = 0;
  readonly #options: ClientOptions;
  #attempt = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#later();
  }

  #later(): void {
    const { timeline, below } = this.#options;
    timeline.after(100 + below(900), () => {
      if (this.isIdle) return this.#later();
      const block = below(BLOCKS);
      const version = this.#options.nextVersion();
      this.waitingSince_ms = timeline.now_ms;
      this.#send(block, version);
    });
  }

  #send(block: number, version: number): void {
    const { ledger, serving, hears, onAcknowledged } = this.#options;
    ledger.sent(block, version);
    let array = serving();
    const attempt = ++this.#attempt;
    array?.write(block, version, (ok) => {
      if (attempt !== this.#attempt) return;
      if (!ok || !hears()) {
        array = undefined;
        return;
      }
      this.#attempt += 1;
      this.waitingSince_ms = undefined;
      this.acknowledged += 1;
      ledger.acknowledge(block, version);
      onAcknowledged();
      this.#later();
    });
    if (attempt === this.#attempt) this.#retryWhenLost(attempt, () => array, block, version);
  }

  /** The server answers late, or is gone: then the same is sent to whoever has the address. */
  #retryWhenLost(attempt: number, asked: () => MirrorArray | undefined, block: number, version: number): void {
    this.#options.timeline.after(RETRY_ms, () => {
      if (attempt !== this.#attempt) return;
      const array = asked();
      if (array && !array.stopped && this.#options.serving() === array && this.#options.hears()) {
        this.#retryWhenLost(attempt, asked, block, version);
      } else this.#send(block, version);
    });
  }
}

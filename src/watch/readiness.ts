import type { Clock } from '../std/clock.ts';
import { SpareError } from '../std/errors.ts';
import { type EventLog, eventOf } from '../std/event.ts';
import { Attempt } from './attempt.ts';

/** What readiness needs from outside. */
export interface ReadinessWorld {
  clock: Clock;
  log: EventLog;
  /** Whether an operation works on the host right now. */
  isBusy(host: string): boolean;
  /** What a takeover would lack on the standby, as sentences. */
  lacks(host: string): Promise<readonly string[]>;
  /** Loads modules and creates namespaces on the standby. */
  prepare(host: string): Promise<void>;
}

/** How often the standby is asked, and the longest pause after it was not ready. */
const INTERVAL_ms = 60_000;

/**
 * Whether the standby has what a takeover of a host needs: asked once a minute, and what is missing is prepared, so that it is known
 * and mended before it is needed. It runs in the background, never beside an operation on the host, which prepares what it needs itself.
 */
export class Readiness {
  readonly #host: string;
  readonly #world: ReadinessWorld;
  readonly #attempt: Attempt;
  #lacks: readonly string[] | undefined;
  #told = '';

  constructor(host: string, world: ReadinessWorld) {
    this.#host = host;
    this.#world = world;
    this.#attempt = new Attempt(world.clock, { longestPause_ms: INTERVAL_ms, settle_ms: INTERVAL_ms });
  }

  /** Called once a second. */
  tick(): void {
    this.#attempt.start(
      'prepare',
      () => this.#look(),
      ({ code, message }) => {
        // An operation has begun meanwhile.
        if (code !== 'HOST_BUSY') this.#tell(message);
      },
    );
  }

  snapshot(): { lacks?: readonly string[] } {
    return this.#lacks === undefined ? {} : { lacks: this.#lacks };
  }

  /** Waits for the running look. */
  settled(): Promise<void> {
    return this.#attempt.settled();
  }

  async #look(): Promise<void> {
    if (this.#world.isBusy(this.#host)) return;
    let lacks = await this.#ask();
    if (lacks.length > 0) {
      try {
        await this.#world.prepare(this.#host);
        lacks = await this.#ask();
      } catch (error) {
        // The reason why it cannot be prepared says more than what is missing.
        if (!isBusy(error)) this.#lacks = [messageOf(error)];
        throw error;
      }
    }
    this.#lacks = lacks;
    if (lacks.length > 0) {
      throw new SpareError('unreachable', 'NOT_READY', lacks.join('; '), { hint: 'The watch tries again' });
    }
    this.#told = '';
  }

  async #ask(): Promise<readonly string[]> {
    try {
      return await this.#world.lacks(this.#host);
    } catch (error) {
      return [messageOf(error)];
    }
  }

  /** Once for as long as it stays the same. */
  #tell(message: string): void {
    if (message === this.#told) return;
    this.#told = message;
    this.#world.log(eventOf('prepare-failed', { host: this.#host, message }));
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof SpareError && error.code === 'HOST_BUSY';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

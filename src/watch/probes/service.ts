import type { Clock } from '../../std/clock.ts';
import { SpareError } from '../../std/errors.ts';
import { type Sample, sampleOf } from '../probe-paths.ts';
import type { Prober } from './prober.ts';

const INTERVAL_ms = 1000;

/** Failures of the standby's own network, which say nothing about the host. */
const OWN_FAILURES = new Set(['ENETUNREACH', 'ENETDOWN', 'EADDRNOTAVAIL', 'EMFILE', 'ENOBUFS']);

/** The service itself: reads the volume's identity file through the service address every second, one read at a time. */
export class ServiceProber implements Prober {
  lastHeardAt: number | null = null;
  detail = 'not probed yet';
  #ownFailure = false;
  readonly #read: (signal: AbortSignal) => Promise<Buffer>;
  readonly #identity: string;
  readonly #clock: Clock;

  /** @param read Must end within a second, and with its signal. */
  constructor(read: (signal: AbortSignal) => Promise<Buffer>, identity: string, clock: Clock) {
    this.#read = read;
    this.#identity = identity;
    this.#clock = clock;
  }

  sample(now: number): Sample {
    return this.#ownFailure ? 'unknown' : sampleOf(this.lastHeardAt, now);
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const startedAt = this.#clock.bootTime_ms();
      await this.#look(signal);
      const pause_ms = Math.max(0, startedAt + INTERVAL_ms - this.#clock.bootTime_ms());
      await this.#clock.sleep(pause_ms, signal).catch(() => undefined);
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    try {
      const content = await this.#read(signal);
      this.#ownFailure = false;
      if (content.toString().trim() === this.#identity) {
        this.lastHeardAt = this.#clock.bootTime_ms();
        this.detail = 'identity read';
      } else {
        this.detail = 'another volume answers at this address';
      }
    } catch (error) {
      const cause = error instanceof SpareError ? (error.cause as NodeJS.ErrnoException | undefined) : undefined;
      this.#ownFailure = OWN_FAILURES.has(cause?.code ?? '');
      this.detail = error instanceof SpareError ? error.code : String(error);
    }
  }
}

import type { Clock } from '../../std/clock.ts';
import type { HostTargetStatus, TargetStatus } from '../../target/client/control-protocol.ts';
import { type Sample, sampleOf } from '../probe-paths.ts';
import type { Prober } from './prober.ts';

const INTERVAL_ms = 1000;
/** After this a status is too old to say anything. */
const STATUS_VALID_ms = 2500;

/** Asks our own target each second, once for all hosts. */
export class TargetPoller {
  readonly #ask: () => Promise<TargetStatus>;
  readonly #clock: Clock;
  #status: TargetStatus | undefined;
  #answeredAt = Number.NEGATIVE_INFINITY;

  /** @param ask Must end by itself within about a second. */
  constructor(ask: () => Promise<TargetStatus>, clock: Clock) {
    this.#ask = ask;
    this.#clock = clock;
  }

  /** The last status while it is fresh; `undefined` when the daemon is down. */
  get status(): TargetStatus | undefined {
    return this.#clock.bootTime_ms() - this.#answeredAt <= STATUS_VALID_ms ? this.#status : undefined;
  }

  /** When the last status was answered, milliseconds of boot time. */
  get answeredAt(): number {
    return this.#answeredAt;
  }

  host(name: string): HostTargetStatus | undefined {
    return this.status?.hosts.find(({ host }) => host === name);
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        this.#status = await this.#ask();
        this.#answeredAt = this.#clock.bootTime_ms();
      } catch {
        // What was said before is good for a while.
      }
      await this.#clock.sleep(INTERVAL_ms, signal).catch(() => undefined);
    }
  }
}

/**
 * iSCSI: mirror writes and the answers to the target's pings, by the target's own account. The strongest path: data that
 * still arrives proves that the host is alive. A target that is down says nothing.
 */
export class IscsiProber implements Prober {
  readonly #poller: TargetPoller;
  readonly #host: string;

  constructor(poller: TargetPoller, host: string) {
    this.#poller = poller;
    this.#host = host;
  }

  get lastHeardAt(): number | null {
    return this.#poller.host(this.#host)?.lastPduAt ?? null;
  }

  get detail(): string {
    const status = this.#poller.host(this.#host);
    if (!status)
      return this.#poller.status ? 'the target does not serve this host' : 'the target daemon does not answer';
    if (status.fenced) return 'fenced';
    if (!status.responding) return "the target's process of this host does not answer";
    return status.sessions.length > 0 ? `session from ${status.sessions[0]?.remoteAddress}` : 'no session';
  }

  /** By the time of the target's word, not of now: a target that is slow to answer, or doesn't, does not make a host silent. */
  sample(): Sample {
    const status = this.#poller.host(this.#host);
    return status?.responding && !status.fenced ? sampleOf(status.lastPduAt, this.#poller.answeredAt) : 'unknown';
  }

  /** The poller runs on its own, for all hosts. */
  async run(): Promise<void> {}
}

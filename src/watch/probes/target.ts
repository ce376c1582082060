import type { Clock } from '../../std/clock.ts';
import type { HostTargetStatus, TargetStatus, VolumeTargetStatus } from '../../target/client/control-protocol.ts';
import { type Sample, sampleOf } from '../probe-paths.ts';
import type { Prober } from './prober.ts';

const INTERVAL_ms = 1000;
/** An older status says nothing. A slow answer may take 3 s, and the next question comes a second after it. */
const STATUS_VALID_ms = 4000;

/** Asks the standby's own target every second, once for all hosts. */
export class TargetPoller {
  readonly #ask: () => Promise<TargetStatus>;
  readonly #clock: Clock;
  #status: TargetStatus | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;

  /** @param ask Must end within about a second. */
  constructor(ask: () => Promise<TargetStatus>, clock: Clock) {
    this.#ask = ask;
    this.#clock = clock;
  }

  /** The last status while it is fresh; `undefined` when the daemon is down. */
  get status(): TargetStatus | undefined {
    return this.#clock.bootTime_ms() - this.#askedAt <= STATUS_VALID_ms ? this.#status : undefined;
  }

  /** When the last status was asked for, milliseconds of boot time: an answer that waited in a buffer is as old as its question. */
  get askedAt(): number {
    return this.#askedAt;
  }

  host(name: string): HostTargetStatus | undefined {
    return this.status?.hosts.find(({ host }) => host === name);
  }

  /** A daemon that was started before an update reports no volumes. */
  volume(host: string, name: string): VolumeTargetStatus | undefined {
    return this.host(host)?.volumes?.find(({ volume }) => volume === name);
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const askedAt = this.#clock.bootTime_ms();
      try {
        this.#status = await this.#ask();
        this.#askedAt = askedAt;
      } catch {
        // The previous status stays valid for a while.
      }
      await this.#clock.sleep(INTERVAL_ms, signal).catch(() => undefined);
    }
  }
}

/**
 * iSCSI: mirror writes and answers to the target's pings, reported by the target. The strongest probe: arriving data proves that
 * the host is alive. A target that is down says nothing.
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
    if (!status.responding) return 'the target process of this host does not answer';
    return status.sessions.length > 0 ? `session from ${status.sessions[0]?.remoteAddress}` : 'no session';
  }

  /** Relative to the time of the question, not to now: a slow target does not make a host unreachable. */
  sample(): Sample {
    const status = this.#poller.host(this.#host);
    return status?.responding && !status.fenced ? sampleOf(status.lastPduAt, this.#poller.askedAt) : 'unknown';
  }

  /** The poller runs independently, for all hosts. */
  async run(): Promise<void> {}
}

import type { PrimaryReport } from '../hosts/host-record.ts';
import { PROBE_PATHS, type ProbePath, type Sample, type Samples } from './probe-paths.ts';
import type { Prober } from './probes/prober.ts';
import type { ReportProber } from './probes/report.ts';
import { countMisses, type MissCounts, NO_COUNTS, type Verdict, verdictOf } from './verdict.ts';

export type HostProbers = Readonly<Record<Exclude<ProbePath, 'ssh'>, Prober>> & { readonly ssh: ReportProber };

/** The current state of a probe, as plain data. */
export interface PathSnapshot {
  sample: Sample;
  misses: number;
  /** Boot time. */
  lastHeardAt_ms: number | null;
  detail: string;
}

/** Runs all probes of one host, and counts misses. */
export class HostMonitor {
  readonly #probers: HostProbers;
  #samples: Samples | undefined;
  #counts: MissCounts = NO_COUNTS;

  constructor(probers: HostProbers) {
    this.#probers = probers;
  }

  /** Ends, with all probers, when `signal` does. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(PROBE_PATHS.map((path) => this.#probers[path].run(signal)));
  }

  /** The sample of each probe at `now` (milliseconds of boot time). */
  look(now: number): Samples {
    const { iscsi, icmp, ssh, service } = this.#probers;
    return { iscsi: iscsi.sample(now), icmp: icmp.sample(now), ssh: ssh.sample(now), service: service.sample(now) };
  }

  /** Adds samples to the counts: once a second. */
  count(samples: Samples): Verdict {
    this.#samples = samples;
    this.#counts = countMisses(this.#counts, samples);
    return verdictOf(this.#counts);
  }

  get counts(): MissCounts {
    return this.#counts;
  }

  /** The primary's report about a volume, if it is fresh. */
  freshReport(volume: string, now: number): PrimaryReport | undefined {
    return this.#probers.ssh.freshReport(volume, now);
  }

  snapshot(): Record<ProbePath, PathSnapshot> {
    const path = (name: ProbePath): PathSnapshot => {
      const { lastHeardAt, detail } = this.#probers[name];
      return {
        sample: this.#samples?.[name] ?? 'unknown',
        misses: this.#counts[name].misses,
        lastHeardAt_ms: lastHeardAt,
        detail,
      };
    };
    return { iscsi: path('iscsi'), icmp: path('icmp'), ssh: path('ssh'), service: path('service') };
  }
}

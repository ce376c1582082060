import type { PrimaryReport } from '../../hosts/host-record.ts';
import { bootMomentNow } from '../../std/boot-moment.ts';
import type { Clock } from '../../std/clock.ts';
import { type Sample, sampleOf } from '../probe-paths.ts';
import { parseReport } from '../report.ts';
import { keepReading, type OpenLines } from './keep-reading.ts';
import type { Prober } from './prober.ts';

/** SSH: one long-lived connection on which the primary reports each of its volumes every second. */
export class ReportProber implements Prober {
  lastHeardAt: number | null = null;
  detail = 'connecting';
  readonly #reports = new Map<string, { heardAt: number; report: PrimaryReport }>();
  readonly #volumes: readonly string[];
  readonly #open: OpenLines;
  readonly #clock: Clock;

  /** @param volumes Their names: reports of others are passed over. */
  constructor(open: OpenLines, volumes: readonly string[], clock: Clock) {
    this.#volumes = volumes;
    this.#open = open;
    this.#clock = clock;
  }

  sample(now: number): Sample {
    return sampleOf(this.lastHeardAt, now);
  }

  /** The last report about a volume, where it is fresh. */
  freshReport(volume: string, now: number): PrimaryReport | undefined {
    const last = this.#reports.get(volume);
    return last && sampleOf(last.heardAt, now) === 'answered' ? last.report : undefined;
  }

  run(signal: AbortSignal): Promise<void> {
    const onLine = (line: string) => {
      const received = bootMomentNow(this.#clock);
      const report = parseReport(line, { receivedAt: this.#clock.wallTime().toISOString(), received });
      if (!report || !this.#volumes.includes(report.volume)) return;
      this.lastHeardAt = received.bootTime_ms;
      this.#reports.set(report.volume, { heardAt: received.bootTime_ms, report });
      this.detail = `array ${report.arrayState}`;
    };
    const onEnd = () => {
      this.detail = 'no connection';
    };
    return keepReading(this.#open, { onLine, onEnd }, signal, this.#clock);
  }
}

import type { PrimaryReport } from '../../hosts/host-record.ts';
import { bootMomentNow } from '../../std/boot-moment.ts';
import type { Clock } from '../../std/clock.ts';
import { type Sample, sampleOf } from '../probe-paths.ts';
import { parseReport } from '../report.ts';
import { keepReading, type OpenLines } from './keep-reading.ts';
import type { Prober } from './prober.ts';

/** SSH: one long-lived connection on which the primary reports its array every second. */
export class ReportProber implements Prober {
  lastHeardAt: number | null = null;
  detail = 'connecting';
  /** The last report. */
  report: PrimaryReport | undefined;
  readonly #open: OpenLines;
  readonly #clock: Clock;

  constructor(open: OpenLines, clock: Clock) {
    this.#open = open;
    this.#clock = clock;
  }

  sample(now: number): Sample {
    return sampleOf(this.lastHeardAt, now);
  }

  run(signal: AbortSignal): Promise<void> {
    const onLine = (line: string) => {
      const received = bootMomentNow(this.#clock);
      const report = parseReport(line, { receivedAt: this.#clock.wallTime().toISOString(), received });
      if (!report) return;
      this.lastHeardAt = received.bootTime_ms;
      this.report = report;
      this.detail = `array ${report.arrayState}`;
    };
    const onEnd = () => {
      this.detail = 'no connection';
    };
    return keepReading(this.#open, { onLine, onEnd }, signal, this.#clock);
  }
}

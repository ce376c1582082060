import type { PrimaryReport } from '../../hosts/host-record.ts';
import { type Sample, sampleOf } from '../probe-paths.ts';
import { parseReport } from '../report.ts';
import { keepReading, type OpenLines } from './keep-reading.ts';
import type { Prober } from './prober.ts';

/** SSH: one long-lived connection on which the primary says each second how its mirror set is. */
export class ReportProber implements Prober {
  lastHeardAt: number | null = null;
  detail = 'connecting';
  /** The last report. */
  report: PrimaryReport | undefined;
  readonly #open: OpenLines;
  readonly #now: () => number;

  constructor(open: OpenLines, now: () => number) {
    this.#open = open;
    this.#now = now;
  }

  sample(now: number): Sample {
    return sampleOf(this.lastHeardAt, now);
  }

  run(signal: AbortSignal): Promise<void> {
    const onLine = (line: string) => {
      const now = this.#now();
      const report = parseReport(line, new Date(now).toISOString());
      if (!report) return;
      this.lastHeardAt = now;
      this.report = report;
      this.detail = `array ${report.arrayState}`;
    };
    const onEnd = () => {
      this.detail = 'no connection';
    };
    return keepReading(this.#open, { onLine, onEnd }, signal);
  }
}

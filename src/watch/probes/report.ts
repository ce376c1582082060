import type { PrimaryReport } from '../../hosts/host-record.ts';
import type { Conversation } from '../../machine/machine.ts';
import { type BootMoment, bootMomentNow } from '../../std/boot-moment.ts';
import type { Clock } from '../../std/clock.ts';
import { type Sample, sampleOf } from '../probe-paths.ts';
import { type KnownOwner, parseReport, questionLine, type ReportLine } from '../report.ts';
import { keepReading } from './keep-reading.ts';
import type { Prober } from './prober.ts';

const INTERVAL_ms = 1000;
/** How many unanswered questions are remembered: an answer that is older proves nothing anyway. */
const QUESTIONS_LIMIT = 60;
/** How many lines a program of an older version prints before it is started again: it may have been updated. */
const OLDER_LINES_LIMIT = 60;

interface Asked {
  receivedAt: string;
  received: BootMoment;
}

/**
 * SSH: one long-lived connection on which the primary answers a question about its volumes every second. An answer is as old as its
 * question: whatever stood still in between, what waited in a buffer is not news.
 */
export class ReportProber implements Prober {
  lastHeardAt: number | null = null;
  detail = 'connecting';
  readonly #reports = new Map<string, { heardAt: number; report: PrimaryReport }>();
  readonly #asked = new Map<number, Asked>();
  readonly #open: (signal: AbortSignal) => Conversation;
  readonly #owners: () => Promise<readonly KnownOwner[]>;
  readonly #clock: Clock;
  #conversation: Conversation | undefined;
  #volumes: ReadonlySet<string> = new Set();
  #number = 0;
  #isAsking = false;
  #olderLines = 0;

  /** @param owners Of the volumes of the host, read before each question; never rejects. Reports of other volumes are passed over. */
  constructor(open: (signal: AbortSignal) => Conversation, owners: () => Promise<readonly KnownOwner[]>, clock: Clock) {
    this.#open = open;
    this.#owners = owners;
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

  async run(signal: AbortSignal): Promise<void> {
    const open = (until: AbortSignal) => {
      this.#conversation = this.#open(until);
      this.#olderLines = 0;
      void this.#ask();
      return this.#conversation.lines;
    };
    const onEnd = () => {
      this.#conversation = undefined;
      this.detail = 'no connection';
    };
    const timer = this.#clock.every(INTERVAL_ms, () => void this.#ask());
    await keepReading(open, { onLine: (line) => this.#listen(line), onEnd }, signal, this.#clock);
    timer.stop();
  }

  /** The owners are read first, so that the epoch in the answer is one that was known when the primary looked. */
  async #ask(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const owners = await this.#owners();
    this.#isAsking = false;
    this.#volumes = new Set(owners.map(({ volume }) => volume));
    const number = ++this.#number;
    const receivedAt = this.#clock.wallTime().toISOString();
    this.#asked.set(number, { receivedAt, received: bootMomentNow(this.#clock) });
    this.#asked.delete(number - QUESTIONS_LIMIT);
    this.#conversation?.ask(questionLine(number, owners));
  }

  #listen(line: string): void {
    const report = parseReport(line);
    if (!report || !this.#volumes.has(report.volume)) return;
    const asked = this.#timeOf(report);
    if (!asked) return;
    const { question: _number, ...rest } = report;
    const heardAt = asked.received.bootTime_ms;
    this.lastHeardAt = Math.max(this.lastHeardAt ?? heardAt, heardAt);
    this.#reports.set(report.volume, { heardAt, report: { ...asked, ...rest } });
    this.detail = `array ${report.arrayState}`;
  }

  /** A program of an older version is not asked: its line is a sign of life when it arrives, and no more. */
  #timeOf({ question }: ReportLine): Asked | undefined {
    if (question !== undefined) return this.#asked.get(question);
    this.#olderLines += 1;
    if (this.#olderLines === OLDER_LINES_LIMIT) this.#conversation?.end();
    return { receivedAt: this.#clock.wallTime().toISOString(), received: bootMomentNow(this.#clock) };
  }
}

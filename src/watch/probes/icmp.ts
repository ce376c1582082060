import type { Clock } from '../../std/clock.ts';
import { type Sample, sampleOf } from '../probe-paths.ts';
import { keepReading, type OpenLines } from './keep-reading.ts';
import type { Prober } from './prober.ts';

/** ping(8): one request a second, for ever; `-O` tells of each that was not answered before the next one goes. */
export function pingArgv(address: string): string[] {
  return ['ping', '-n', '-i', '1', '-O', address];
}

/**
 * What a line of ping says: `header` when it has begun to ask, `answer`, or `silence` with its own words.
 * Anything else (statistics, blank lines) is `undefined`.
 */
export function parsePingLine(line: string): { type: 'header' | 'answer' | 'silence'; text: string } | undefined {
  const text = line.trim();
  if (/^\d+ bytes from /.test(text)) return { type: 'answer', text: /time=.*$/.exec(text)?.[0] ?? 'answers' };
  if (text.startsWith('PING ')) return { type: 'header', text: 'asked' };
  if (text.startsWith('no answer yet')) return { type: 'silence', text: 'no answer' };
  const refusal = /^From \S+ icmp_seq=\d+ (.+)$/.exec(text);
  return refusal ? { type: 'silence', text: refusal[1] ?? text } : undefined;
}

/** ICMP echo, through one long-lived ping. Unknown while ping does not start: no program, or no route of our own. */
export class IcmpProber implements Prober {
  lastHeardAt: number | null = null;
  detail = 'not asked yet';
  #runs = false;
  readonly #open: OpenLines;
  readonly #clock: Clock;

  constructor(open: OpenLines, clock: Clock) {
    this.#open = open;
    this.#clock = clock;
  }

  sample(now: number): Sample {
    return this.#runs ? sampleOf(this.lastHeardAt, now) : 'unknown';
  }

  run(signal: AbortSignal): Promise<void> {
    const onLine = (line: string) => {
      const parsed = parsePingLine(line);
      if (!parsed) return;
      this.#runs = true;
      this.detail = parsed.text;
      if (parsed.type === 'answer') this.lastHeardAt = this.#clock.bootTime_ms();
    };
    const onEnd = () => {
      this.#runs = false;
      this.detail = 'ping does not run on the standby';
    };
    return keepReading(this.#open, { onLine, onEnd }, signal, this.#clock);
  }
}

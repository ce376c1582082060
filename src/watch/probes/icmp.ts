import type { Clock } from '../../std/clock.ts';
import { type Sample, sampleOf } from '../probe-paths.ts';
import { keepReading, type OpenLines } from './keep-reading.ts';
import type { Prober } from './prober.ts';

/** ping(8): one request per second, for ever; `-O` reports each missing answer before the next request. */
export function pingArgv(address: string): string[] {
  return ['ping', '-n', '-i', '1', '-O', address];
}

/**
 * The meaning of a line of ping: `header` when it starts, `answer`, or `silence` with ping's own text.
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

/** ICMP echo, through one long-lived ping. Unknown while ping does not start: the program or the standby's own route is missing. */
export class IcmpProber implements Prober {
  lastHeardAt: number | null = null;
  detail = 'not probed yet';
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
      this.detail = 'ping is not running on the standby';
    };
    return keepReading(this.#open, { onLine, onEnd }, signal, this.#clock);
  }
}

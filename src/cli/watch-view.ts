import type { StatusReport } from '../status/status-report.ts';
import type { Clock } from '../std/clock.ts';
import { eventAsText, type SpareEvent } from '../std/event.ts';
import { statusText } from './status-view.ts';

/** How many recent events are shown under the table. */
const EVENTS_SHOWN_LIMIT = 8;
const HOME_AND_CLEAR = '\x1b[H\x1b[J';
const ALTERNATE_SCREEN = { enter: '\x1b[?1049h\x1b[?25l', leave: '\x1b[?25h\x1b[?1049l' };
const CTRL_C = '\x03';

/** The live view as text, cut to the terminal's size. */
export function watchText(
  report: StatusReport,
  events: readonly string[],
  view: { readOnly: boolean; columns: number; rows: number },
): string {
  const role = view.readOnly
    ? 'spare watch: view only, the daemon is in charge (q quits)'
    : 'spare watch: this terminal is in charge; quitting (q) stops automatic failover';
  const lines = [`${role}  ${report.at.slice(11, 19)}`, '', ...statusText(report).split('\n')];
  const told = events.slice(-EVENTS_SHOWN_LIMIT);
  if (told.length > 0) lines.push('', ...told);
  return lines
    .slice(0, view.rows - 1)
    .map((line) => line.slice(0, view.columns))
    .join('\n');
}

/** Draws in place on the alternate screen, so that the terminal is restored afterwards. */
export class WatchView {
  readonly #readOnly: boolean;
  readonly #clock: Clock;
  readonly #events: string[] = [];

  /** @param leave Called when q or Ctrl-C is pressed. */
  constructor(options: { readOnly: boolean; clock: Clock; leave: () => void }) {
    this.#readOnly = options.readOnly;
    this.#clock = options.clock;
    process.stdout.write(ALTERNATE_SCREEN.enter);
    if (!process.stdin.isTTY) return;
    process.stdin.setRawMode(true);
    process.stdin.on('data', (keys) => {
      const pressed = keys.toString();
      if (pressed.includes('q') || pressed.includes(CTRL_C)) options.leave();
    });
  }

  tell(event: SpareEvent): void {
    this.#events.push(eventAsText(event, this.#clock.wallTime()));
    if (this.#events.length > EVENTS_SHOWN_LIMIT) this.#events.shift();
  }

  draw(report: StatusReport): void {
    const { columns = 80, rows = 24 } = process.stdout;
    const text = watchText(report, this.#events, { readOnly: this.#readOnly, columns, rows });
    process.stdout.write(HOME_AND_CLEAR + text.replaceAll('\n', '\r\n'));
  }

  close(): void {
    process.stdout.write(ALTERNATE_SCREEN.leave);
    if (!process.stdin.isTTY) return;
    process.stdin.setRawMode(false);
    process.stdin.pause();
  }
}

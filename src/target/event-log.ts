import { systemClock } from '../std/clock.ts';
import { eventAsJson, eventAsText, type SpareEvent } from '../std/event.ts';

/** One line an event on standard error: JSON where systemd's journal reads it, as that of the watch, text elsewhere. */
export function logEvent(event: SpareEvent): void {
  const format = process.env.JOURNAL_STREAM === undefined ? eventAsText : eventAsJson;
  process.stderr.write(`${format(event, systemClock.wallTime())}\n`);
}

import type { Clock } from '../std/clock.ts';
import { type EventLog, eventAsJson, eventAsText } from '../std/event.ts';

/** One line an event on standard error: JSON where systemd's journal reads it, as that of the watch, text elsewhere. */
export function eventLog(clock: Clock): EventLog {
  const format = process.env.JOURNAL_STREAM === undefined ? eventAsText : eventAsJson;
  return (event) => void process.stderr.write(`${format(event, clock.wallTime())}\n`);
}

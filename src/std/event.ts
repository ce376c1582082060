import { EVENTS, type EventLevel, type EventName } from './event-table.ts';

/** Plain values only: an event crosses processes and is written to files. `undefined` is left out. */
export type EventFacts = Readonly<Record<string, string | number | boolean | undefined>>;

/** Something that the watch, the target or an operation has seen or done. */
export interface SpareEvent {
  event: EventName;
  level: EventLevel;
  host?: string;
  /** One sentence for people. */
  message: string;
  facts?: EventFacts;
}

export type EventLog = (event: SpareEvent) => void;

/**
 * An event of the vocabulary.
 * @param about.host The host that it concerns; none where it concerns the standby.
 * @param about.message What happened, where the sentence of the table is too general.
 * @param about.level How serious it is, where that depends on what happened.
 */
export function eventOf(
  event: EventName,
  about: { host?: string | undefined; message?: string; facts?: EventFacts; level?: EventLevel } = {},
): SpareEvent {
  const row = EVENTS[event];
  const { host, message = row.sentence, facts, level = row.level } = about;
  return { event, level, ...(host !== undefined && { host }), message, ...(facts && { facts }) };
}

/** One line of JSON. Times are ISO 8601. */
export function eventAsJson({ facts, ...event }: SpareEvent, at: Date): string {
  return JSON.stringify({ time: at.toISOString(), ...event, ...facts });
}

/** One line for people, with the time of day. */
export function eventAsText(event: SpareEvent, at: Date): string {
  return `${at.toISOString().slice(11, 19)} ${eventText(event)}`;
}

/** The same where something else tells the time. */
export function eventText({ level, host, message, facts }: SpareEvent): string {
  const words = Object.entries(facts ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${/[\s"]/.test(String(value)) ? JSON.stringify(value) : value}`],
  );
  const subject = `${level === 'info' ? '' : `${level}: `}${host === undefined ? '' : `${host}: `}`;
  return [`${subject}${message}`, ...words].join(' ');
}

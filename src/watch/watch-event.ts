/** Something that the watch has seen or done: a line in the journal, or under the live table. */
export interface WatchEvent {
  level: 'info' | 'warning' | 'error';
  /** Stable kebab-case name: `state`, `takeover-begun`, `takeover-failed`, … */
  event: string;
  host?: string;
  message: string;
  /** Further facts, each a plain value. */
  facts?: Readonly<Record<string, string | number | boolean>>;
}

export type WatchLog = (event: WatchEvent) => void;

/** One line of JSON, as `spare watch --json` prints it. Times are ISO 8601. */
export function eventAsJson(event: WatchEvent, at: Date): string {
  const { facts, ...rest } = event;
  return JSON.stringify({ time: at.toISOString(), ...rest, ...facts });
}

/** One line for people. */
export function eventAsText(event: WatchEvent, at: Date): string {
  const time = at.toISOString().slice(11, 19);
  const facts = Object.entries(event.facts ?? {}).map(([name, value]) => ` ${name}=${value}`);
  return `${time} ${event.level === 'info' ? '' : `${event.level}: `}${event.host ? `${event.host}: ` : ''}${event.message}${facts.join('')}`;
}

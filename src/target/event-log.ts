import type { TargetEvent } from '../iscsi/connection.ts';

/** What a daemon tells an administrator. */
export type ServeEvent = TargetEvent | { event: string; [name: string]: string | number | boolean | undefined };

/** One line an event, `name key=value …`, on standard error: the journal adds time and unit. */
export function logEvent({ event, ...details }: ServeEvent): void {
  const words = Object.entries(details).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${/[\s"]/.test(String(value)) ? JSON.stringify(value) : value}`],
  );
  process.stderr.write(`${[event, ...words].join(' ')}\n`);
}

import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { paths } from '../config/paths.ts';

/** One line of `/var/lib/spare/journal/<host>.jsonl`. `intent` is durable before a step begins, its result before the next one begins. */
export interface JournalEntry {
  /** ISO 8601. */
  time: string;
  operation: string;
  event: 'begin' | 'intent' | 'done' | 'already-done' | 'failed' | 'undone' | 'end';
  step?: string;
  detail?: string;
}

export function journalPath(host: string): string {
  return join(paths().state, 'journal', `${host}.jsonl`);
}

/** What is followed by an intent at once, or says only what can be found out again: the next durable entry takes it along. */
const NOT_AWAITED: ReadonlySet<JournalEntry['event']> = new Set(['begin', 'done', 'already-done']);

/**
 * Appends an entry. An intent is on the disk before this returns, as is the end: a journal that is behind is worse than none.
 * The result of a step is not waited for: without it the step counts as begun, and is looked at again. A wait for a disk that
 * takes mirror writes costs a tenth of a second, a takeover has a dozen steps.
 */
export function appendToJournal(host: string, entry: Omit<JournalEntry, 'time'>): void {
  const path = journalPath(host);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const descriptor = openSync(path, 'a', 0o600);
  try {
    writeSync(descriptor, `${JSON.stringify({ time: new Date().toISOString(), ...entry })}\n`);
    if (!NOT_AWAITED.has(entry.event)) fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** All entries, oldest first. A line that a power failure cut in two is left out. */
export function readJournal(host: string): JournalEntry[] {
  let text: string;
  try {
    text = readFileSync(journalPath(host), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as JournalEntry];
    } catch {
      return [];
    }
  });
}

/** The operation that was begun last and has not ended: it was killed, or lost its power. */
export function unfinishedOperation(host: string): string | undefined {
  const last = readJournal(host).findLast((entry) => entry.event === 'begin' || entry.event === 'end');
  return last?.event === 'begin' ? last.operation : undefined;
}

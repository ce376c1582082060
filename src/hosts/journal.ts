import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { paths } from '../config/paths.ts';
import type { Clock } from '../std/clock.ts';
import { eventAsJson, type SpareEvent } from '../std/event.ts';
import { EVENTS, type EventLevel, type EventName } from '../std/event-table.ts';

/**
 * One line of `/var/lib/spare/journal/<host>.jsonl`: an event of the host, with its facts. `step-begun` is durable before the step
 * starts, its result before the next step starts.
 */
export interface JournalEntry {
  /** ISO 8601. */
  time: string;
  event: EventName;
  level: EventLevel;
  message: string;
  /** Of an event of an operation. */
  operation?: string;
  step?: string;
  /** Of `operation-begun`: how to run it again. */
  again?: string;
}

/** A file that reaches this size becomes `<host>.jsonl.1`, replacing the older one. */
const FILE_LIMIT_bytes = 4 * 2 ** 20;
/** How much is read back: more than any operation writes. */
const READ_LIMIT_bytes = 256 * 2 ** 10;

export function journalPath(host: string): string {
  return join(paths().state, 'journal', `${host}.jsonl`);
}

/**
 * Events that are on the disk before `appendToJournal` returns: a journal that lags behind is worse than none. The result of a step
 * is not flushed: without it the step counts as started and is checked again. A flush on a disk that is receiving mirror writes
 * costs a tenth of a second, and a failover has a dozen steps.
 */
const AWAITED: ReadonlySet<EventName> = new Set([
  'step-begun',
  'step-failed',
  'step-undone',
  'undo-failed',
  'operation-ended',
]);

/**
 * Appends an event. Several processes may do so at once: a line is one write.
 * @returns Why it could not, for example because the disk is full. It throws nothing: what is being done, or rolled back, must not
 *   end for want of a line.
 */
export function appendToJournal(host: string, event: SpareEvent, clock: Clock): Error | undefined {
  try {
    append(host, event, clock);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function append(host: string, event: SpareEvent, clock: Clock): void {
  const path = journalPath(host);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if (event.event === 'operation-begun') rotate(path);
  const descriptor = openSync(path, 'a+', 0o600);
  try {
    // After a power loss the last line may be truncated, or zeroes: the next one must not become a part of it.
    const start = endsWithLine(descriptor) ? '' : '\n';
    writeSync(descriptor, `${start}${eventAsJson(event, clock.wallTime())}\n`);
    if (AWAITED.has(event.event)) fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function rotate(path: string): void {
  if (existsSync(path) && statSync(path).size >= FILE_LIMIT_bytes) renameSync(path, `${path}.1`);
}

function endsWithLine(descriptor: number): boolean {
  const { size } = fstatSync(descriptor);
  const last = Buffer.alloc(1);
  return size === 0 || (readSync(descriptor, last, 0, 1, size - 1) === 1 && last[0] === 0x0a);
}

/** The latest entries, oldest first. Truncated lines (after a power failure) and events unknown to this version are left out. */
export function readJournal(host: string): JournalEntry[] {
  return readEnd(journalPath(host))
    .split('\n')
    .flatMap((line) => {
      const entry = parse(line);
      return entry ? [entry] : [];
    });
}

function readEnd(path: string): string {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
  try {
    const { size } = fstatSync(descriptor);
    const end = Buffer.alloc(Math.min(size, READ_LIMIT_bytes));
    return end.toString('utf8', 0, readSync(descriptor, end, 0, end.length, size - end.length));
  } finally {
    closeSync(descriptor);
  }
}

function parse(line: string): JournalEntry | undefined {
  if (line === '') return undefined;
  try {
    const entry = JSON.parse(line) as JournalEntry;
    return Object.hasOwn(EVENTS, entry.event) ? entry : undefined;
  } catch {
    return undefined;
  }
}

export interface UnfinishedOperation {
  operation: string;
  /** ISO 8601. */
  since: string;
  /** How to run it again, as a clause. */
  again?: string;
}

/** A change of settings is apart from the operations that move the service: finishing one says nothing about the other. */
const APART = 'set';
/** Writes one file, atomically: it has happened or not. */
const NEVER_UNFINISHED = 'set-policy';

/**
 * Operations that started and did not end: they failed, were killed, or power was lost. One that moves the service supersedes an
 * earlier one, which it has taken into account.
 */
export function unfinishedOperations(host: string): UnfinishedOperation[] {
  const open = new Map<string, UnfinishedOperation>();
  for (const { event, operation, time: since, again } of readJournal(host)) {
    if (operation === undefined || operation === NEVER_UNFINISHED) continue;
    const kind = operation === APART ? APART : 'service';
    if (event === 'operation-ended') open.delete(kind);
    if (event === 'operation-begun') open.set(kind, { operation, since, ...(again !== undefined && { again }) });
  }
  return [...open.values()];
}

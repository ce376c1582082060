import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { paths } from '../config/paths.ts';
import { replaceFile, writeFileDurably } from '../std/durable-file.ts';
import { SpareError } from '../std/errors.ts';
import type { HostEvidence, HostRecord, HostStateName, RecordedState } from './host-record.ts';

// Two files a host, so that no two processes ever write the same one: the state belongs to whoever holds the host's lock,
// the evidence to the watch.
const statePath = (host: string) => join(paths().state, 'hosts', `${host}.json`);
const evidencePath = (host: string) => join(paths().state, 'evidence', `${host}.json`);

/** What is known of a host, or `undefined` where it has no state yet. */
export function readHostRecord(host: string): HostRecord | undefined {
  const state = readRecordFile<RecordedState>(statePath(host));
  return state && { ...readEvidence(host), ...state };
}

/** What the watch has learnt of a host; empty before the first report. */
export function readEvidence(host: string): HostEvidence {
  return readRecordFile<HostEvidence>(evidencePath(host)) ?? { version: 1 };
}

/** Enters `state` now, unless the host is in it already. The caller holds the host's lock (`lockHost`). */
export function enterState(host: string, state: HostStateName): void {
  const current = readRecordFile<RecordedState>(statePath(host));
  if (current?.state === state) return;
  writeRecordFile(statePath(host), { ...current, version: 1, state, since: new Date().toISOString() });
}

/** Sets or ends the pause of the automation. The caller holds the host's lock. */
export function setPaused(host: string, paused: RecordedState['paused']): void {
  changeState(host, { paused });
}

/** Records that both legs are to be compared, whatever becomes of the failback. The caller holds the host's lock. */
export function noteComparisonDue(host: string): void {
  changeState(host, { comparisonDue: true });
}

/** Records what a comparison of both legs has found; 0 sectors forget it. The caller holds the host's lock. */
export function recordComparison(host: string, different_sectors: number): void {
  const legsDiffer = { at: new Date().toISOString(), sectors: different_sectors };
  changeState(host, { comparisonDue: undefined, legsDiffer: different_sectors > 0 ? legsDiffer : undefined });
}

/** `undefined` takes away. */
function changeState(
  host: string,
  fields: { [Name in 'paused' | 'comparisonDue' | 'legsDiffer']?: RecordedState[Name] | undefined },
): void {
  const current = readRecordFile<RecordedState>(statePath(host)) ?? {
    version: 1,
    state: 'enrolled',
    since: new Date().toISOString(),
  };
  // JSON has no `undefined`.
  writeRecordFile(statePath(host), { ...current, ...fields } as RecordedState);
}

/**
 * Replaces what is known by what `change` makes of it. Only the watch calls it.
 * @param options `durable` waits for the disk, which may be busy with mirror writes: not for every second's report.
 */
export function updateEvidence(
  host: string,
  change: (evidence: HostEvidence) => HostEvidence,
  options = { durable: true },
): void {
  writeRecordFile(evidencePath(host), change(readEvidence(host)), options);
}

function writeRecordFile(path: string, record: RecordedState | HostEvidence, options = { durable: true }): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const write = options.durable ? writeFileDurably : replaceFile;
  write(path, `${JSON.stringify(record, null, 2)}\n`, 0o600);
}

function readRecordFile<Content extends { version: number }>(path: string): Content | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const record = parse<Content>(text, path);
  if (record.version !== 1) {
    throw new SpareError(
      'precondition',
      'RECORD_VERSION',
      `Cannot read ${path}: its version is ${record.version}, this spare knows 1`,
      {
        hint: 'It was written by a newer spare: install that one',
      },
    );
  }
  return record;
}

function parse<Content>(text: string, path: string): Content {
  try {
    return JSON.parse(text) as Content;
  } catch (cause) {
    throw new SpareError('precondition', 'RECORD_DAMAGED', `Cannot read ${path}: it is not JSON`, {
      hint: "Move it aside: 'spare status' then shows the host without its past, and a takeover asks for proof again",
      cause,
    });
  }
}

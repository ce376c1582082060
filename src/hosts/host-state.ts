import { join } from 'node:path';
import { paths } from '../config/paths.ts';
import { bootMomentNow } from '../std/boot-moment.ts';
import type { Clock } from '../std/clock.ts';
import { SpareError } from '../std/errors.ts';
import { HOST_STATES, type HostStateName, type RecordedState } from './host-record.ts';
import { appendToJournal } from './journal.ts';
import { damaged, readRecordFile, removeRecordFile, writeRecordFile } from './record-file.ts';
import { type HostEvent, hasHappened, type Transition, transitionEvent, transitionOf } from './state-table.ts';

// Only the holder of the host's lock (`lockHost`) may call the writing functions of this file.
const statePath = (host: string) => join(paths().state, 'hosts', `${host}.json`);

/**
 * The recorded state of a host; `undefined` if it has none yet.
 * @throws SpareError `precondition` if the file is damaged, or was written by a newer spare.
 */
export function readState(host: string): RecordedState | undefined {
  const path = statePath(host);
  const recorded = readRecordFile<RecordedState>(path);
  for (const state of [recorded?.state, recorded?.before]) {
    if (state !== undefined && !HOST_STATES.includes(state)) throw damaged(path, `'${state}' is not a state of a host`);
  }
  if (recorded && recorded.state === undefined) throw damaged(path, 'it has no state');
  return recorded;
}

/** The state of a configured host. If its state file is missing, it starts as `enrolled`. */
export function stateOf(host: string): HostStateName {
  return readState(host)?.state ?? 'enrolled';
}

/**
 * Records an event of a host, also in the journal: the only way to change its state.
 * An event that has had its effect already changes nothing, so that a killed step can be run again.
 * @returns The change; `undefined` if nothing changed.
 * @throws SpareError `unexpected` if the table has no such transition: a bug, after which no operation continues.
 */
export function enter(host: string, event: HostEvent, clock: Clock): Transition | undefined {
  const recorded = readState(host);
  const from = recorded?.state ?? null;
  const transition = transitionOf(from, event, recorded?.before);
  if (transition) {
    follow(host, recorded, transition, clock);
    appendToJournal(host, transitionEvent(host, transition), clock);
    return transition;
  }
  if (hasHappened(from, event)) return undefined;
  if (from === null) {
    beginRecord(host, clock);
    return enter(host, event, clock);
  }
  throw new SpareError('unexpected', 'NO_TRANSITION', `Cannot record '${event}' of ${host} in the state ${from}`, {
    hint: 'This is a bug in spare: please report it, with the journal of the host',
  });
}

/** Sets or ends the pause. */
export function setPaused(host: string, paused: RecordedState['paused'], clock: Clock): void {
  const { paused: _before, ...rest } = recordOf(host, clock);
  write(host, paused ? { ...rest, paused } : rest);
}

/** Records that the legs must be compared, even if the failback is interrupted. */
export function noteComparisonDue(host: string, clock: Clock): void {
  write(host, { ...recordOf(host, clock), comparisonDue: true });
}

/** Records the result of a comparison; 0 sectors clear it. */
export function recordComparison(host: string, different_sectors: number, clock: Clock): void {
  const { comparisonDue: _done, legsDiffer: _before, ...rest } = recordOf(host, clock);
  const legsDiffer = { at: clock.wallTime().toISOString(), sectors: different_sectors };
  write(host, different_sectors > 0 ? { ...rest, legsDiffer } : rest);
}

/** Removes the state of a former host of this name. */
export function forgetState(host: string): void {
  removeRecordFile(statePath(host));
}

function follow(host: string, recorded: RecordedState | undefined, { from, to }: Transition, clock: Clock): void {
  if (to === null) {
    removeRecordFile(statePath(host));
    return;
  }
  const { before: _left, ...kept } = recorded ?? {};
  const since = clock.wallTime().toISOString();
  const entered: RecordedState = { ...kept, version: 1, state: to, since, entered: bootMomentNow(clock) };
  write(host, from === null ? entered : { ...entered, before: from });
}

/** The recorded state, for a change. */
function recordOf(host: string, clock: Clock): RecordedState {
  return readState(host) ?? beginRecord(host, clock);
}

/** For a configured host without a record: its state file was damaged and moved aside. */
function beginRecord(host: string, clock: Clock): RecordedState {
  enter(host, 'enrolled', clock);
  return readState(host) as RecordedState;
}

function write(host: string, state: RecordedState): void {
  writeRecordFile(statePath(host), state);
}

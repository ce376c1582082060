import { readEvidence } from './host-evidence.ts';
import type { HostRecord } from './host-record.ts';
import { readState } from './host-state.ts';

/**
 * What is known of a host, or `undefined` where it has no state yet. It comes from two files, so that no two processes ever write the
 * same one: the state belongs to whoever holds the host's lock, the evidence to the watch.
 */
export function readHostRecord(host: string): HostRecord | undefined {
  const state = readState(host);
  return state && { ...readEvidence(host), ...state };
}

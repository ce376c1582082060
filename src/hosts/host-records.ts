import { readEvidence } from './host-evidence.ts';
import type { HostRecord } from './host-record.ts';
import { readState } from './host-state.ts';

/**
 * The record of a host, or `undefined` if it has no state yet. It comes from two files, so that no two processes ever write the
 * same one: the holder of the host's lock writes the state, the watch writes the evidence.
 */
export function readHostRecord(host: string): HostRecord | undefined {
  const state = readState(host);
  return state && { ...readEvidence(host), ...state };
}

import type { HostRecord } from './host-record.ts';
import { readState } from './host-state.ts';
import { readEvidence } from './volume-evidence.ts';

/**
 * The state of a host with the evidence of one of its volumes, or `undefined` if the host has no state yet. It comes from two files, so that no two processes ever write the
 * same one: the holder of the host's lock writes the state, the watch writes the evidence.
 */
export function readHostRecord(host: string, volume: string): HostRecord | undefined {
  const state = readState(host);
  return state && { ...readEvidence(host, volume), ...state };
}

import { readHostConfiguration } from '../config/configuration.ts';
import type { Pause } from '../hosts/host-record.ts';
import { setPaused } from '../hosts/host-state.ts';
import { lockHost } from '../steps/host-lock.ts';

/** What `spare pause --json` and `spare resume --json` print. */
export interface PauseReport {
  host: string;
  paused: { until: string; reason: string } | null;
}

/**
 * Keeps the watch from taking the host over or repairing its mirror by itself until a date: for maintenance of the primary. `null` ends it.
 * What is typed by a person is not held back.
 * @throws SpareError `usage` for an unknown host, `busy` while an operation runs.
 */
export async function pauseHost(host: string, paused: Pause | null): Promise<PauseReport> {
  readHostConfiguration(host);
  const lock = await lockHost(host, paused ? 'pause' : 'resume');
  try {
    setPaused(host, paused ?? undefined);
  } finally {
    await lock.release();
  }
  return { host, paused };
}

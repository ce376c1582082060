import { readHostConfiguration } from '../config/configuration.ts';
import type { Pause } from '../hosts/host-record.ts';
import { setPaused } from '../hosts/host-state.ts';
import type { Clock } from '../std/clock.ts';
import { lockHost } from '../steps/host-lock.ts';

/** The output of `spare pause --json` and `spare resume --json`. */
export interface PauseReport {
  host: string;
  paused: { until: string; reason: string } | null;
}

/**
 * Stops automatic failover and mirror repair for the host until a date, for maintenance of the primary. `null` ends the pause.
 * Commands run by a person are not affected.
 * @throws SpareError `usage` for an unknown host, `busy` while an operation runs.
 */
export async function pauseHost(host: string, paused: Pause | null, clock: Clock): Promise<PauseReport> {
  readHostConfiguration(host);
  const lock = await lockHost(host, paused ? 'pause' : 'resume', clock);
  try {
    setPaused(host, paused ?? undefined, clock);
  } finally {
    await lock.release();
  }
  return { host, paused: paused && { until: paused.until, reason: paused.reason } };
}

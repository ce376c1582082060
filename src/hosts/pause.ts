import type { Clock } from '../std/clock.ts';
import type { Pause, RecordedState } from './host-record.ts';

/** A pause that starts now. */
export function pauseFor(duration_ms: number, reason: string, clock: Clock): Pause {
  const until = new Date(clock.wallTime().getTime() + duration_ms).toISOString();
  return { until, ends: { bootId: clock.bootId, bootTime_ms: clock.bootTime_ms() + duration_ms }, reason };
}

/** Whether automatic actions for a host are paused: by the boot clock in the boot in which it was paused, later by the date. */
export function isPaused({ paused }: Pick<RecordedState, 'paused'>, clock: Clock): boolean {
  if (paused === undefined) return false;
  const { until, ends } = paused;
  if (ends?.bootId === clock.bootId) return ends.bootTime_ms > clock.bootTime_ms();
  return Date.parse(until) > clock.wallTime().getTime();
}

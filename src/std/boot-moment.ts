import type { Clock } from './clock.ts';

/** When something was, in a form that may be kept in a file and still be compared: boot time says nothing in another boot. */
export interface BootMoment {
  bootId: string;
  bootTime_ms: number;
}

export function bootMomentNow(clock: Clock): BootMoment {
  return { bootId: clock.bootId, bootTime_ms: clock.bootTime_ms() };
}

/** How long ago that was. `undefined` where that can't be known: nothing was recorded, it was in another boot, or it is no time of this one. */
export function ageOf_ms(moment: BootMoment | undefined, clock: Clock): number | undefined {
  if (moment?.bootId !== clock.bootId || !Number.isFinite(moment.bootTime_ms)) return undefined;
  const age_ms = clock.bootTime_ms() - moment.bootTime_ms;
  return age_ms >= 0 ? age_ms : undefined;
}

/**
 * Where a recorded time lies on the clock of this boot, in milliseconds; before the boot it is negative. Of another boot, and of what an
 * older version wrote, only the wall clock tells, and is believed.
 * @param at ISO 8601
 */
export function bootTimeOf_ms(at: string, moment: BootMoment | undefined, clock: Clock): number {
  const now_ms = clock.bootTime_ms();
  return now_ms - (ageOf_ms(moment, clock) ?? clock.wallTime().getTime() - Date.parse(at));
}

import type { Violation } from './oracle.ts';
import { type Outcome, runSchedule } from './run-schedule.ts';
import type { Schedule } from './schedule.ts';

const RUNS_LIMIT = 80;

export interface Found {
  seed: number;
  violation: Violation;
  /** The numbers of the actions that are needed for it. */
  keep: number[];
  story: string[];
}

/** The schedule with only some of its actions, by their numbers. */
export function withOnly(schedule: Schedule, keep: readonly number[]): Schedule {
  return { ...schedule, actions: keep.flatMap((index) => schedule.actions[index] ?? []) };
}

export function unshrunk(seed: number, { violations, story }: Outcome): Found | undefined {
  const [violation] = violations;
  return violation && { seed, violation, keep: [], story };
}

/** Leaves out every action without which the same rule is still broken for the same host. */
export async function shrink(
  schedule: Schedule,
  outcome: Outcome,
  passedOver: ReadonlySet<string>,
): Promise<Found | undefined> {
  const [violation] = outcome.violations;
  if (!violation) return undefined;
  let keep = schedule.actions.map((_, index) => index);
  let best: { violation: Violation; story: string[] } = { violation, story: outcome.story };
  let runs = 0;
  for (let again = true; again && runs < RUNS_LIMIT; ) {
    again = false;
    for (const index of keep) {
      const fewer = keep.filter((other) => other !== index);
      const tried = await runSchedule(withOnly(schedule, fewer), passedOver);
      runs += 1;
      const same = tried.violations.find(({ oracle, host }) => oracle === violation.oracle && host === violation.host);
      if (!same) continue;
      keep = fewer;
      best = { violation: same, story: tried.story };
      again = true;
    }
  }
  return { seed: schedule.options.seed, keep, ...best };
}

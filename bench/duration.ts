import type { Case } from './case.ts';
import { runsOf, warmUpOf } from './compare.ts';

/** A client's start, its logins and its end; the look whether the machine is quiet. */
const OVERHEAD_S = 1.2;
/** Files are written and daemons started anew. */
const SETUP_S = 8;

/** About how long the cases take on a machine that is quiet at once. */
export function durationOfCases(cases: readonly Case[], options: { seconds: number; runs: number }): number {
  let sum_s = 0;
  let setup = '';
  for (const each of cases) {
    const own = JSON.stringify(each.setup);
    if (own !== setup) sum_s += SETUP_S;
    setup = own;
    sum_s += 2 * (warmUpOf(each) + 0.5 + runsOf(each, options.runs) * (options.seconds + OVERHEAD_S));
  }
  return sum_s;
}

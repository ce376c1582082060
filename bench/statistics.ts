/** The middle of several runs and how far apart they were. */
export interface Spread {
  median: number;
  minimum: number;
  maximum: number;
}

/**
 * The middle value; of an even count, the mean of the middle two.
 * @throws {RangeError} without values: a median of nothing would hide a run that did not happen.
 */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('Cannot take a median of no values');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

export function spread(values: readonly number[]): Spread {
  return { median: median(values), minimum: Math.min(...values), maximum: Math.max(...values) };
}

/**
 * Divides run by run, and takes the median afterwards: the two runs of a pair follow each other closely, so that a machine
 * that becomes slower during the benchmark slows both.
 * @throws {RangeError} when the lists differ in length.
 */
export function ratioOfPairs(subject: readonly number[], baseline: readonly number[]): Spread {
  if (subject.length !== baseline.length) {
    throw new RangeError(`Cannot pair runs as their counts differ: ${subject.length} and ${baseline.length}`);
  }
  return spread(subject.map((value, index) => value / (baseline[index] as number)));
}

/** Something that this machine, or this version of the target, does not have: told in the report, and no failure of the run. */
export class NotMeasurableError extends Error {
  override readonly name = 'NotMeasurableError';
}

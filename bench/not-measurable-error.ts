/** Something that this machine, or this version of the target, does not support: reported, but not a failure of the run. */
export class NotMeasurableError extends Error {
  override readonly name = 'NotMeasurableError';
}

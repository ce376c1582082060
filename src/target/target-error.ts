import { SpareError } from '../std/errors.ts';

/** An error of the target for the administrator. */
export function asTargetError(error: unknown): SpareError {
  if (error instanceof SpareError) return error;
  const message = `The target failed: ${error instanceof Error ? error.message : String(error)}`;
  return new SpareError('unexpected', 'TARGET_FAILED', message, {
    hint: 'See its log: journalctl -u spare-serve',
    cause: error,
  });
}

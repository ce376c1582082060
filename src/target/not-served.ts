import { SpareError } from '../std/errors.ts';
import type { NotServed } from './client/control-protocol.ts';

/** Describes an error while opening the leg at `path`. Opening is retried until it succeeds. */
export function whyNotServed(error: unknown, path: string): NotServed {
  if (error instanceof SpareError && error.code !== 'STORE_OPEN_FAILED') {
    return { reason: error.message, hint: error.hint };
  }
  const reason = error instanceof SpareError ? error.message : `Cannot serve ${path}: ${String(error)}`;
  return {
    reason,
    hint: `It is retried every second. Check that the pool is mounted: findmnt --target ${path}. Check its disk: journalctl -k`,
  };
}

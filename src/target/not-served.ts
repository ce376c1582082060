import { SpareError } from '../std/errors.ts';

/** Why a host's LUN is not served, and what to do, as sentences for an administrator. */
export interface NotServed {
  reason: string;
  hint: string;
}

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

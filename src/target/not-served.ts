import { SpareError } from '../std/errors.ts';

/** Why a host's LUN is not served, and what to do, as sentences for an administrator. */
export interface NotServed {
  reason: string;
  hint: string;
}

/** For an error that opening the leg at `path` has ended with: it is tried again until it goes well. */
export function whyNotServed(error: unknown, path: string): NotServed {
  if (error instanceof SpareError && error.code !== 'STORE_OPEN_FAILED') {
    return { reason: error.message, hint: error.hint };
  }
  const reason = error instanceof SpareError ? error.message : `Cannot serve ${path}: ${String(error)}`;
  return {
    reason,
    hint: `See whether the pool is mounted and its disk is well: 'findmnt --target ${path}', 'journalctl -k'. It is tried again each second`,
  };
}

import type { ChapCredentials } from './initiator/chap.ts';

/** LUN 1 of a target, and who logs in. */
export interface LoadedTarget {
  iqn: string;
  initiatorName: string;
  chap?: ChapCredentials;
}

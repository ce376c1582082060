import type { ChapCredentials } from './chap.ts';

export interface SessionOptions {
  host: string;
  port: number;
  iqn: string;
  initiatorName: string;
  chap?: ChapCredentials | undefined;
  /** Tells sessions of one initiator apart. 16 bits. */
  qualifier: number;
  depth: number;
  digests: boolean;
  /** What each write writes: as long as an operation. */
  data: Buffer;
}

import type { FailoverPolicy } from '../../../src/config/schema.ts';

export interface WorldHost {
  name: string;
  policy: FailoverPolicy;
  hasFence: boolean;
  replacementTimeout_s: number;
}

/** What a schedule begins with. */
export interface WorldOptions {
  seed: number;
  hosts: readonly WorldHost[];
  /** Of one block in a resync. */
  copy_ms: number;
  /** The longest that a command takes, besides what it does. */
  pause_ms: number;
}

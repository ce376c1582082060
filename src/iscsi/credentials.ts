import type { ChapSecret } from './chap.ts';

/** Who may log in to a target, and what each side proves itself with. */
export interface Credentials {
  /** The only initiator that may log in; without it, any. */
  readonly initiatorName?: string | undefined;
  /** What initiators prove themselves with; without it no authentication is asked for. */
  readonly chap?: ChapSecret | undefined;
  /** What the target proves itself with, to initiators that ask. */
  readonly mutualChap?: ChapSecret | undefined;
}

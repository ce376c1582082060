import type { ChapSecret } from './chap.ts';

/** Who may log in to a target, and the credentials of both sides. */
export interface Credentials {
  /** The only initiator that may log in; without it, any. */
  readonly initiatorName?: string | undefined;
  /** Credentials of initiators; without them no authentication is required. */
  readonly chap?: ChapSecret | undefined;
  /** Credentials of the target, for initiators that ask for them. */
  readonly mutualChap?: ChapSecret | undefined;
}

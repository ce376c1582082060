import type { Target } from './target.ts';

/** The targets that a portal offers. */
export interface TargetDirectory {
  /** Whether initiators have to authenticate where a target is not known or not named. */
  readonly authenticationRequired: boolean;
  find(targetName: string): Target | undefined;
  /** The target that this initiator may see. */
  visibleTo(initiatorName: string): Target | undefined;
}

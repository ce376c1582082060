import type { Target } from './target.ts';

/** The targets that a portal offers. */
export interface TargetDirectory {
  /** Whether initiators must authenticate if the target is unknown or not named. */
  readonly authenticationRequired: boolean;
  find(targetName: string): Target | undefined;
  /** The target that this initiator may see. */
  visibleTo(initiatorName: string): Target | undefined;
}

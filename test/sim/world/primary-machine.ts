import type { LegPath } from './array.ts';
import type { Initiator } from './initiator.ts';
import type { Leg, Side } from './leg.ts';
import type { HostParts } from './machine.ts';
import type { MachineClock } from './machine-clock.ts';

/** templates/primary/lib/recovery.sh. */
export const OUT_OF_REACH_s = 7200;

/** What programs on a primary work with. */
export interface PrimaryMachine {
  readonly uuid: string;
  readonly now_ms: number;
  readonly clock: MachineClock;
  readonly parts: HostParts;
  readonly initiator: Initiator;
  /** By their paths. Those below /run are gone after a restart. */
  readonly files: Map<string, string>;
  /** What the watch told last about the volume. */
  readonly told: { epoch: number; owner: string; lease_s: number } | undefined;
  sideOf(path: string): Side;
  legOf(side: Side): Leg;
  pathOf(side: Side): LegPath;
  assemble(sides: readonly Side[]): boolean;
  say(what: string): void;
}

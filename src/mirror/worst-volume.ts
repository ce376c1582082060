import type { PrimaryReport } from '../hosts/host-record.ts';
import { type MirrorCondition, mirrorCondition } from './condition.ts';

/** Worst first. Without a report nothing is known, which is worse than in sync. */
const ORDER: readonly (MirrorCondition | undefined)[] = ['absent', 'broken', 'copying', undefined, 'in-sync'];

/** Reported by the target: whether the standby leg may have lost writes, whatever the array reports. */
export type LostWrites = 'none' | 'some' | 'unknown';

/** What is known of the mirror of one volume. */
export interface MirrorFacts {
  report: PrimaryReport | undefined;
  lostWrites: LostWrites;
}

/** The volume whose mirror is in the worst condition, which is the condition of its host. @param volumes At least one. */
export function worstVolume<Volume extends MirrorFacts>(volumes: readonly Volume[]): Volume {
  return volumes.reduce((worst, volume) => (rank(volume) < rank(worst) ? volume : worst));
}

function rank({ report, lostWrites }: MirrorFacts): number {
  if (lostWrites === 'some') return -1;
  const place = ORDER.indexOf(report && mirrorCondition(report));
  return lostWrites === 'unknown' ? place : place + 0.5;
}

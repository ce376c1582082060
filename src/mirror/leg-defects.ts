import type { LegSuperblock } from './md/superblock.ts';

/** Why a standby leg cannot be brought into service whatever the ownership record says, one sentence each. Empty for a usable leg. */
export function legDefects(leg: LegSuperblock, mirrorUuid: string): string[] {
  const defects: string[] = [];
  if (leg.mirrorUuid !== mirrorUuid)
    defects.push(`The standby leg belongs to the array ${leg.mirrorUuid}, expected ${mirrorUuid}`);
  if (leg.beingCopied) defects.push('The standby leg was being resynced and is not a consistent copy');
  if (leg.badBlocks) defects.push('The standby leg has a bad block list: some writes never reached it');
  if (leg.role === undefined)
    defects.push('The standby leg is not an active member of the array: it is a spare or faulty');
  return defects;
}

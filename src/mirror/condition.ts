import type { PrimaryReport } from '../hosts/host-record.ts';

/** - `in-sync`: both legs hold every acknowledged write;
 *  - `copying`: the standby leg is being filled, and is no candidate for a takeover;
 *  - `broken`: one leg is missing or has failed;
 *  - `absent`: the array is not assembled on the primary. */
export type MirrorCondition = 'in-sync' | 'copying' | 'broken' | 'absent';

/** sysfs `md/array_state` (Documentation/admin-guide/md.rst) of an array that can be written to. */
const WRITABLE = new Set(['clean', 'active', 'active-idle', 'write-pending']);

/** What a primary's report says of its mirror set. */
export function mirrorCondition(report: PrimaryReport): MirrorCondition {
  if (report.arrayState === 'missing' || report.arrayState === 'clear' || report.arrayState === 'inactive')
    return 'absent';
  const standbyLeg = flagsOf(report.standbyLegState);
  const localLeg = flagsOf(report.localLegState);
  // `check` and `repair` read both legs while they stay in sync; `recover` and `resync` fill one.
  const filling = report.syncAction === 'recover' || report.syncAction === 'resync';
  if (standbyLeg.has('in_sync') && localLeg.has('in_sync') && !filling) {
    return WRITABLE.has(report.arrayState) ? 'in-sync' : 'broken';
  }
  return filling || (standbyLeg.has('spare') && !standbyLeg.has('faulty')) ? 'copying' : 'broken';
}

/** Whether the primary has dropped the standby leg: it serves alone. */
export function standbyLegDropped(report: PrimaryReport): boolean {
  const flags = flagsOf(report.standbyLegState);
  return mirrorCondition(report) === 'broken' && (flags.has('faulty') || flags.has('missing'));
}

/** Whether the standby leg holds all that the mirror set does, whatever the primary's own disk is like. */
export function standbyLegInSync(report: PrimaryReport): boolean {
  const flags = flagsOf(report.standbyLegState);
  return flags.has('in_sync') && !flags.has('faulty');
}

/** Whether the standby leg alone holds all that the mirror set does: the primary's own disk has failed, or is being filled. */
export function standbyLegAlone(report: PrimaryReport): boolean {
  const localLeg = flagsOf(report.localLegState);
  return standbyLegInSync(report) && (!localLeg.has('in_sync') || localLeg.has('faulty'));
}

function flagsOf(state: string): ReadonlySet<string> {
  return new Set(state.split(','));
}

import type { PrimaryReport } from '../hosts/host-record.ts';

/** - `in-sync`: both legs hold every acknowledged write;
 *  - `copying`: a resync is running;
 *  - `broken`: one leg is missing or has failed;
 *  - `absent`: the array is not assembled on the primary. */
export type MirrorCondition = 'in-sync' | 'copying' | 'broken' | 'absent';

/** sysfs `md/array_state` (Documentation/admin-guide/md.rst) of an array that can be written to. */
const WRITABLE = new Set(['clean', 'active', 'active-idle', 'write-pending']);

/** The condition of the mirror by a primary's report. */
export function mirrorCondition(report: PrimaryReport): MirrorCondition {
  if (report.arrayState === 'missing' || report.arrayState === 'clear' || report.arrayState === 'inactive')
    return 'absent';
  const standbyLeg = flagsOf(report.standbyLegState);
  const localLeg = flagsOf(report.localLegState);
  // `check` and `repair` read both legs while they stay in sync; `recover` and `resync` rewrite one.
  const filling = report.syncAction === 'recover' || report.syncAction === 'resync';
  if (standbyLeg.has('in_sync') && localLeg.has('in_sync') && !filling) {
    return WRITABLE.has(report.arrayState) ? 'in-sync' : 'broken';
  }
  return filling || (standbyLeg.has('spare') && !standbyLeg.has('faulty')) ? 'copying' : 'broken';
}

/** Whether the array has dropped the standby leg and runs on the local leg alone. */
export function standbyLegDropped(report: PrimaryReport): boolean {
  const flags = flagsOf(report.standbyLegState);
  return mirrorCondition(report) === 'broken' && (flags.has('faulty') || flags.has('missing'));
}

/** Whether the standby leg is in sync, whatever the state of the local leg. */
export function standbyLegInSync(report: PrimaryReport): boolean {
  const flags = flagsOf(report.standbyLegState);
  return flags.has('in_sync') && !flags.has('faulty');
}

/** Whether the local leg is in sync in an array that runs, whatever the state of the standby leg. */
export function localLegInSync(report: PrimaryReport): boolean {
  const flags = flagsOf(report.localLegState);
  return mirrorCondition(report) !== 'absent' && flags.has('in_sync') && !flags.has('faulty');
}

/** Whether only the standby leg is in sync: the local leg has failed or is being resynced. */
export function standbyLegAlone(report: PrimaryReport): boolean {
  const localLeg = flagsOf(report.localLegState);
  return standbyLegInSync(report) && (!localLeg.has('in_sync') || localLeg.has('faulty'));
}

function flagsOf(state: string): ReadonlySet<string> {
  return new Set(state.split(','));
}

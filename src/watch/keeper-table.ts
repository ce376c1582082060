import type { HostConfiguration } from '../config/schema.ts';
import type { HostStateName, PrimaryReport } from '../hosts/host-record.ts';
import { standbyLegDropped, standbyLegInSync } from '../mirror/condition.ts';
import type { LostWrites } from '../mirror/worst-volume.ts';
import type { Owner } from '../ownership/record.ts';
import { DEAD_AFTER_MISSES, type MissCount, type Verdict } from './verdict.ts';

/** The facts from which a keeper decides. While the standby is isolated nothing is known: no verdict, no report, no service. */
export interface Situation {
  state: HostStateName;
  /** For how long it has been in that state. */
  inState_ms: number;
  policy: HostConfiguration['policy'];
  /** `spare pause` suspends automatic actions. */
  isPaused: boolean;
  verdict: Verdict;
  /** Only while it is fresh. */
  report: PrimaryReport | undefined;
  /** The service, probed through its address. */
  service: MissCount;
  lostWrites: LostWrites;
  /** By the ownership records; `undefined` if one could not be read, or they differ. */
  owner: Owner | undefined;
  /** An operation holds the host's lock. */
  isBusy: boolean;
}

export type KeeperAction = 'failover' | 'abort' | 'failback' | 'restore' | 'remirror' | 'resync-lost-writes';

type Condition = (situation: Situation) => boolean;

export interface KeeperRow {
  readonly states: readonly HostStateName[];
  /** Absent if both policies allow it. */
  readonly policy?: HostConfiguration['policy'];
  /** All of these must be observed. */
  readonly when: readonly Condition[];
  /** `rest`: all is well, and an action that failed before may be tried at once when it is needed again. */
  readonly action: KeeperAction | 'rest';
  /** Logged when it starts. */
  readonly message: string;
}

/** After a failover the service has this long to answer before it counts as lost. */
const RESTORE_AFTER_ms = 15_000;
/** Who has started an operation that was interrupted may run it again himself. */
const LEFT_ALONE_AFTER_ms = 15_000;

const isNotPaused: Condition = ({ isPaused }) => !isPaused;
const isDead: Condition = ({ verdict }) => verdict === 'dead';
/** While its LUN is fenced, the target cannot tell that a host is dead. */
const isSilent: Condition = ({ verdict }) => verdict === 'suspect' || verdict === 'dead';
const isAlive: Condition = ({ verdict }) => verdict === 'alive';
const isOwnedByStandby: Condition = ({ owner }) => owner === 'standby';
const isOwnedByPrimary: Condition = ({ owner }) => owner !== undefined && owner !== 'standby';
const isInFill: Condition = ({ owner }) => owner === 'fill';
const isInterrupted: Condition = ({ isBusy, inState_ms }) => !isBusy && inState_ms > LEFT_ALONE_AFTER_ms;
const reports: Condition = ({ report }) => report !== undefined;
/** As after a restart of the primary in the middle of the resync. One that has failed is for a person to look at. */
const isLocalLegMissing: Condition = ({ report }) =>
  report !== undefined && standbyLegInSync(report) && report.localLegState === 'missing';
const isServiceLost: Condition = ({ service, inState_ms }) =>
  service.known && service.misses >= DEAD_AFTER_MISSES && inState_ms > RESTORE_AFTER_ms;
/** A passive host assembles nothing, and a person must look at it first. */
const isReachable: Condition = ({ report }) => report !== undefined && !report.passive;
const hasLostWrites: Condition = ({ lostWrites }) => lostWrites === 'some';
const isLegDropped: Condition = ({ report }) => report !== undefined && standbyLegDropped(report);
const isLoggedIn: Condition = ({ report }) => report?.sessionLoggedIn === true;

/** The automatic actions of the watch: the first matching row counts. */
export const KEEPER_ROWS: readonly KeeperRow[] = [
  {
    states: ['suspect'],
    policy: 'auto',
    when: [isNotPaused, isDead],
    action: 'failover',
    message: 'Dead: all probes have missed six times. Automatic failover started',
  },
  {
    states: ['failing-over'],
    when: [isNotPaused, isInterrupted, isOwnedByStandby],
    action: 'failover',
    message: 'An interrupted failover resumes: the standby owns the volume',
  },
  {
    states: ['failing-over'],
    policy: 'auto',
    when: [isNotPaused, isInterrupted, isOwnedByPrimary, isSilent],
    action: 'failover',
    message: 'An interrupted failover starts again: no probe answers',
  },
  {
    states: ['failing-over'],
    when: [isNotPaused, isInterrupted, isOwnedByPrimary, isAlive],
    action: 'abort',
    message: 'An interrupted failover is rolled back: the host answers, and its volume was not taken over',
  },
  // A host whose state file was lost: its ownership record leads.
  {
    states: ['enrolled'],
    when: [isNotPaused, isInterrupted, isOwnedByStandby],
    action: 'failover',
    message: 'The standby owns the volume of this host, and its state was lost: the failover goes on from the record',
  },
  {
    states: ['enrolled'],
    when: [isNotPaused, isInterrupted, isInFill, reports],
    action: 'failback',
    message: 'The host is on its way home, and its state was lost: the failback goes on from the record',
  },
  {
    states: ['failing-back'],
    when: [isNotPaused, isInterrupted, reports],
    action: 'failback',
    message: 'An interrupted failback resumes',
  },
  {
    states: ['failing-back'],
    when: [isNotPaused, isInterrupted, isOwnedByStandby, isSilent],
    action: 'failover',
    message: 'An interrupted failback ends: no probe answers, and the standby owns the volume, so it serves it again',
  },
  {
    states: ['failing-back'],
    policy: 'auto',
    when: [isNotPaused, isInterrupted, isInFill, isSilent],
    action: 'failover',
    message: 'The host died during a failback, and the standby leg is the complete one. Automatic failover started',
  },
  {
    states: ['syncing'],
    when: [isNotPaused, isInterrupted, isReachable, isInFill, isLocalLegMissing],
    action: 'failback',
    message: 'The local leg is missing: the failback resumes with its resync',
  },
  {
    states: ['taken-over'],
    when: [isNotPaused, isServiceLost],
    action: 'restore',
    message: 'The service of this taken-over host does not answer: restarting it',
  },
  // In these states the primary has the newer leg, from which the standby leg can be resynced.
  {
    states: ['enrolled', 'syncing', 'protected', 'degraded', 'suspect'],
    when: [isNotPaused, isReachable, hasLostWrites],
    action: 'resync-lost-writes',
    message: 'The standby may have lost writes: marking them for resync',
  },
  // A resync may lose the standby too. An operation that holds the host re-adds the leg; if there is none, the watch does.
  {
    states: ['syncing', 'degraded'],
    when: [isNotPaused, isLegDropped, isLoggedIn],
    action: 'remirror',
    message: 'The session is back: re-adding the standby leg',
  },
  { states: ['protected'], when: [isNotPaused], action: 'rest', message: 'Both legs are in sync' },
];

/** The action to take; `undefined` if there is none, or none is allowed. Pure. */
export function chooseAction(situation: Situation): KeeperRow | undefined {
  return KEEPER_ROWS.find(
    ({ states, policy, when }) =>
      states.includes(situation.state) &&
      (policy === undefined || policy === situation.policy) &&
      when.every((condition) => condition(situation)),
  );
}

import type { HostConfiguration } from '../config/schema.ts';
import type { HostStateName, PrimaryReport } from '../hosts/host-record.ts';
import { standbyLegDropped } from '../mirror/condition.ts';
import type { LostWrites } from '../mirror/worst-volume.ts';
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
  /** A failover had its decision when it was interrupted: it may resume without deciding again. */
  isFailoverDecided: boolean;
}

export type KeeperAction = 'failover' | 'restore' | 'remirror' | 'resync-lost-writes';

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

const isNotPaused: Condition = ({ isPaused }) => !isPaused;
const isDead: Condition = ({ verdict }) => verdict === 'dead';
/** Only for the reason for which it started, or if that reason is present again. */
const mayResume: Condition = (situation) => isDead(situation) || situation.isFailoverDecided;
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
    policy: 'auto',
    when: [isNotPaused, mayResume],
    action: 'failover',
    message: 'An interrupted failover resumes',
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

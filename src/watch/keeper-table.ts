import type { HostConfiguration } from '../config/schema.ts';
import type { HostStateName, PrimaryReport } from '../hosts/host-record.ts';
import { standbyLegDropped } from '../mirror/condition.ts';
import type { LostWrites } from './observe.ts';
import { DEAD_AFTER_MISSES, type MissCount, type Verdict } from './verdict.ts';

/** What a keeper decides from. While the standby is isolated nothing is known: no verdict, no report, no service. */
export interface Situation {
  state: HostStateName;
  /** For how long it has been in that state. */
  inState_ms: number;
  policy: HostConfiguration['policy'];
  /** `spare pause` holds the automation back. */
  isPaused: boolean;
  verdict: Verdict;
  /** Only while it is fresh. */
  report: PrimaryReport | undefined;
  /** What is seen of the service through its address. */
  service: MissCount;
  lostWrites: LostWrites;
  /** A failover had been decided on when it was interrupted: it may resume without asking again. */
  isFailoverDecided: boolean;
}

export type KeeperAction = 'failover' | 'restore' | 'remirror' | 'resync-lost-writes';

type Condition = (situation: Situation) => boolean;

export interface KeeperRow {
  readonly states: readonly HostStateName[];
  /** Absent where both policies allow it. */
  readonly policy?: HostConfiguration['policy'];
  /** What has to be seen, all of it. */
  readonly when: readonly Condition[];
  /** `rest`: all is well, and what has failed before may be tried at once when it is needed again. */
  readonly action: KeeperAction | 'rest';
  /** What is logged when it begins. */
  readonly message: string;
}

/** A service that has just been taken over is given this long to be seen, before it is called lost. */
const RESTORE_AFTER_ms = 15_000;

const isNotPaused: Condition = ({ isPaused }) => !isPaused;
const isDead: Condition = ({ verdict }) => verdict === 'dead';
/** Only on the ground that was there when it began, or is there again. */
const mayResume: Condition = (situation) => isDead(situation) || situation.isFailoverDecided;
const isServiceLost: Condition = ({ service, inState_ms }) =>
  service.known && service.misses >= DEAD_AFTER_MISSES && inState_ms > RESTORE_AFTER_ms;
/** A host that holds itself passive assembles nothing, and what it is doing there has to be looked at first. */
const isReachable: Condition = ({ report }) => report !== undefined && !report.passive;
const hasLostWrites: Condition = ({ lostWrites }) => lostWrites === 'some';
const isLegDropped: Condition = ({ report }) => report !== undefined && standbyLegDropped(report);
const isLoggedIn: Condition = ({ report }) => report?.sessionLoggedIn === true;

/** What the watch does by itself: the first row that fits. */
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
    message: 'The service that was taken over does not answer: starting it again',
  },
  // The primary has the newer leg in these states, so that it can give the standby's what that lacks.
  {
    states: ['enrolled', 'syncing', 'protected', 'degraded', 'suspect'],
    when: [isNotPaused, isReachable, hasLostWrites],
    action: 'resync-lost-writes',
    message: 'The standby may have lost writes: marking them for resync',
  },
  // A copy may lose the standby too: an operation that holds the host puts the leg back, or, where that has ended, the watch.
  {
    states: ['syncing', 'degraded'],
    when: [isNotPaused, isLegDropped, isLoggedIn],
    action: 'remirror',
    message: 'The session is there again: re-adding the standby leg',
  },
  { states: ['protected'], when: [isNotPaused], action: 'rest', message: 'Both legs are in sync' },
];

/** What is to be done; `undefined` where nothing is, or nothing may be. Pure. */
export function chooseAction(situation: Situation): KeeperRow | undefined {
  return KEEPER_ROWS.find(
    ({ states, policy, when }) =>
      states.includes(situation.state) &&
      (policy === undefined || policy === situation.policy) &&
      when.every((condition) => condition(situation)),
  );
}

import type { Search } from './spin.ts';

/** A rule of the protocol that is taken away. The search must find what it was for. */
export interface Mutation {
  /** The name in protocol/mutations.pml. */
  name: string;
  /** What is done instead. */
  instead: string;
  /** Beside the mutation: a feature that it needs. */
  defines?: readonly string[];
}

/** Without the rules that keep a way out, no leg is stale: these are looked for when the faults have stopped. */
const CALM = ['CALM=1', 'NO_OVERRIDES'];

export const MUTATIONS: readonly Mutation[] = [
  { name: 'BOTH_LEGS_AT_FAILBACK', instead: 'a failback assembles both legs, and MD may choose the stale one' },
  {
    name: 'ERROR_IS_ANSWERED_IN_FILL',
    instead: 'the target answers a write with an error while only its leg is complete',
  },
  { name: 'ERROR_IS_NOT_RECORDED', instead: 'an error is answered before the lost leg is recorded' },
  {
    name: 'FILL_STAYS_WHEN_THE_PRIMARY_IS_ALONE',
    instead: 'a report that the primary serves from its own leg leaves `fill`',
  },
  { name: 'HEARD_AFTER_THE_OFF_IS_IGNORED', instead: 'a sign of life after the off is ignored' },
  { name: 'HEARD_BEFORE_THE_BOOT_COUNTS', instead: 'the standby counts the lease from before its boot' },
  { name: 'LATE_QUESTION_COUNTS', instead: 'the report program acts on a question from before the failback' },
  {
    name: 'LEASE_IS_RAISED_FIRST',
    instead: 'a longer lease counts before the initiator waits as long',
    defines: ['SETTINGS'],
  },
  { name: 'LEASE_NEVER_LAPSES', instead: 'a pair stays a pair however long the primary is not heard' },
  { name: 'LOGIN_BEGINS_THE_LEASE_FIRST', instead: 'a login counts as heard before the lease is looked at' },
  { name: 'LOGIN_COUNTS_AS_OFF', instead: 'a login is looked at as if the primary were still off' },
  { name: 'LOGIN_KEEPS_THE_EPOCH', instead: 'a login leaves the epoch' },
  { name: 'LOSS_IN_A_REPORT_IS_NOT_RECORDED', instead: 'a report of a leg that was failed by hand is not recorded' },
  { name: 'LOSS_KEEPS_THE_EPOCH', instead: 'a lost leg leaves the epoch where the owner stays' },
  { name: 'LUN_STAYS_OPEN', instead: 'a takeover does not fence the LUN' },
  { name: 'REFUSED_LOGIN_PROLONGS_THE_LEASE', instead: 'a login that is refused begins the lease anew' },
  { name: 'REPORT_OF_ANY_EPOCH', instead: 'a report of an earlier epoch proves a pair' },
  { name: 'SERVES_WHAT_MD_MADE', instead: 'the guard does not look at the array that it has assembled' },
  { name: 'START_ALONE_AT_ONCE', instead: 'start-alone does not wait for the lease' },
  { name: 'START_ALONE_IN_FILL', instead: 'start-alone ignores the fill marker' },
  { name: 'TAKES_WITHOUT_PROOF', instead: 'a takeover takes the leg of a volume that the primary owns' },
  { name: 'TIMER_RUNS_IN_FILL', instead: 'the initiator gives up in `fill`' },
  { name: 'SYNCING_LEG_IS_TAKEN', instead: 'a takeover serves a leg that is being resynced' },
  {
    name: 'MARKER_BLOCKS_A_WHOLE_LEG',
    instead: 'the fill marker ends with `pair` alone, and keeps the guard from a leg that is complete again',
    defines: CALM,
  },
  {
    name: 'WAIT_NEVER_ENDS',
    instead: 'the guard does not end the wait of a session that went before it was told',
    defines: CALM,
  },
  { name: 'NO_ABORT', instead: '`spare failover --abort` does not exist', defines: CALM },
  { name: 'REPLACED_STAYS_PASSIVE', instead: 'a primary that once was refused stays passive', defines: CALM },
];

const MUTATION_TIMEOUT_s = 900;

export function searchOf({ name, defines = [] }: Mutation): Search {
  return { defines: ['VOLUMES=1', ...defines, name], order: 'shortest', timeout_s: MUTATION_TIMEOUT_s };
}

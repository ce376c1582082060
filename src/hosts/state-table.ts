import type { HostStateName } from './host-record.ts';

/** What can happen to a host: observations by the watch, and operations. */
export type HostEvent =
  | 'copy-started'
  | 'legs-in-sync'
  | 'leg-lost'
  | 'silent'
  | 'takeover-started'
  | 'takeover-taken-back'
  | 'service-observed'
  | 'failback-started'
  | 'failback-taken-back'
  | 'service-home'
  | 'refill-started';

export interface Transition {
  readonly from: HostStateName;
  readonly event: HostEvent;
  readonly to: HostStateName;
  /** What is logged. */
  readonly sentence: string;
}

/** Every way from one state to another: what is not here does not happen. The diagram in docs/failover.md is drawn from it. */
export const TRANSITIONS: readonly Transition[] = [
  { from: 'enrolled', event: 'copy-started', to: 'syncing', sentence: 'The first copy to the standby runs' },
  { from: 'enrolled', event: 'legs-in-sync', to: 'protected', sentence: 'Both legs of the mirror set are in sync' },
  { from: 'syncing', event: 'legs-in-sync', to: 'protected', sentence: 'The copy is complete: both legs are in sync' },
  {
    from: 'protected',
    event: 'leg-lost',
    to: 'degraded',
    sentence: 'The mirror set has lost a leg: the host serves alone',
  },
  { from: 'degraded', event: 'legs-in-sync', to: 'protected', sentence: 'Both legs are in sync again' },
  { from: 'protected', event: 'silent', to: 'suspect', sentence: 'The host is silent on every path' },
  { from: 'suspect', event: 'legs-in-sync', to: 'protected', sentence: 'The host is heard again, its mirror is whole' },
  { from: 'suspect', event: 'leg-lost', to: 'degraded', sentence: 'The host is heard again, its mirror is broken' },
  { from: 'suspect', event: 'takeover-started', to: 'failing-over', sentence: 'The host is dead: its takeover begins' },
  { from: 'protected', event: 'takeover-started', to: 'failing-over', sentence: 'A takeover was asked for' },
  {
    from: 'degraded',
    event: 'takeover-started',
    to: 'failing-over',
    sentence: 'A takeover from a degraded mirror was asked for',
  },
  {
    from: 'syncing',
    event: 'takeover-started',
    to: 'failing-over',
    sentence: 'A takeover was asked for while the primary is brought up to date',
  },
  {
    from: 'failing-back',
    event: 'takeover-started',
    to: 'failing-over',
    sentence: 'A takeover was asked for in the middle of a failback',
  },
  {
    from: 'failing-over',
    event: 'takeover-taken-back',
    to: 'suspect',
    sentence: 'The takeover was refused or taken back',
  },
  {
    from: 'failing-over',
    event: 'service-observed',
    to: 'taken-over',
    sentence: 'The service is seen from outside on the standby',
  },
  { from: 'taken-over', event: 'failback-started', to: 'failing-back', sentence: 'The service is going home' },
  { from: 'failing-back', event: 'failback-taken-back', to: 'taken-over', sentence: 'The failback was taken back' },
  {
    from: 'failing-back',
    event: 'service-home',
    to: 'syncing',
    sentence: 'The service is home, what changed is copied back',
  },
  {
    from: 'protected',
    event: 'refill-started',
    to: 'syncing',
    sentence: 'The legs differed: the disk of the primary is filled anew',
  },
  {
    from: 'degraded',
    event: 'refill-started',
    to: 'syncing',
    sentence: 'The legs differed: filling the disk of the primary goes on',
  },
];

/** The transition that an event causes in a state; `undefined` where it changes nothing. */
export function transitionOf(from: HostStateName, event: HostEvent): Transition | undefined {
  return TRANSITIONS.find((transition) => transition.from === from && transition.event === event);
}

/** The table as a mermaid state diagram. */
export function stateDiagram(): string {
  // Mermaid takes no hyphens in the names of states.
  const identifier = (state: HostStateName) => state.replaceAll('-', '_');
  const names = [...new Set(TRANSITIONS.flatMap(({ from, to }) => [from, to]))];
  const lines = [
    'stateDiagram-v2',
    ...names.filter((name) => name.includes('-')).map((name) => `  state "${name}" as ${identifier(name)}`),
    '  [*] --> enrolled',
    ...TRANSITIONS.map(({ from, event, to }) => `  ${identifier(from)} --> ${identifier(to)}: ${event}`),
  ];
  return `${lines.join('\n')}\n`;
}

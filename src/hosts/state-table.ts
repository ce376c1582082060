import { eventOf, type SpareEvent } from '../std/event.ts';
import type { HostStateName } from './host-record.ts';

/** The events of a host: observations by the watch, and operations. */
export type HostEvent =
  | 'enrolled'
  | 'enrolment-rolled-back'
  | 'copy-started'
  | 'legs-in-sync'
  | 'leg-lost'
  | 'silent'
  | 'failover-started'
  | 'failover-rolled-back'
  | 'service-observed'
  | 'failback-started'
  | 'failback-rolled-back'
  | 'service-home'
  | 'refill-started';

/** `null`: not enrolled. */
export type StateOrNone = HostStateName | null;

export interface Transition {
  readonly from: StateOrNone;
  /** The state before `from`, if the way back depends on it: a rolled-back failover returns to the state in which it started. */
  readonly before?: HostStateName;
  readonly event: HostEvent;
  readonly to: StateOrNone;
  /** What is logged. */
  readonly sentence: string;
}

/** All transitions between states: `enter` allows no other. The diagram in docs/failover.md is drawn from it. */
export const TRANSITIONS: readonly Transition[] = [
  { from: null, event: 'enrolled', to: 'enrolled', sentence: 'The host is enrolled' },
  {
    from: null,
    event: 'leg-lost',
    to: 'degraded',
    sentence: 'The state file was lost: the host counts as degraded until a report says that both legs are in sync',
  },
  { from: 'enrolled', event: 'enrolment-rolled-back', to: null, sentence: 'The enrolment was rolled back' },
  { from: 'enrolled', event: 'copy-started', to: 'syncing', sentence: 'The initial resync has started' },

  { from: 'enrolled', event: 'legs-in-sync', to: 'protected', sentence: 'Both legs are in sync' },
  {
    from: 'syncing',
    event: 'legs-in-sync',
    to: 'protected',
    sentence: 'The resync is complete: both legs are in sync',
  },
  { from: 'degraded', event: 'legs-in-sync', to: 'protected', sentence: 'Both legs are in sync again' },
  {
    from: 'suspect',
    event: 'legs-in-sync',
    to: 'protected',
    sentence: 'The host answers again, and both legs are in sync',
  },

  { from: 'protected', event: 'leg-lost', to: 'degraded', sentence: 'The array has lost a leg' },
  { from: 'suspect', event: 'leg-lost', to: 'degraded', sentence: 'The host answers again, and its array is degraded' },
  { from: 'protected', event: 'silent', to: 'suspect', sentence: 'The host is unreachable on all probes' },

  {
    from: 'enrolled',
    event: 'failover-started',
    to: 'failing-over',
    sentence: 'A failover has started, before any resync was seen',
  },
  {
    from: 'syncing',
    event: 'failover-started',
    to: 'failing-over',
    sentence: 'A failover has started, in the middle of a resync',
  },
  { from: 'protected', event: 'failover-started', to: 'failing-over', sentence: 'A failover has started' },
  {
    from: 'degraded',
    event: 'failover-started',
    to: 'failing-over',
    sentence: 'A failover has started, from a degraded array',
  },
  {
    from: 'suspect',
    event: 'failover-started',
    to: 'failing-over',
    sentence: 'A failover has started, because the host is unreachable',
  },
  {
    from: 'failing-back',
    event: 'failover-started',
    to: 'failing-over',
    sentence: 'A failover has started, in the middle of a failback',
  },
  ...(['enrolled', 'syncing', 'protected', 'degraded', 'suspect', 'failing-back'] as const).map(
    (before): Transition => ({
      from: 'failing-over',
      before,
      event: 'failover-rolled-back',
      to: before,
      sentence: `The failover was rolled back: the host is ${before}, as before`,
    }),
  ),
  {
    from: 'failing-over',
    event: 'service-observed',
    to: 'taken-over',
    sentence: 'The standby serves the host; this was verified from outside',
  },

  {
    from: 'enrolled',
    event: 'failback-started',
    to: 'failing-back',
    sentence: 'The state file was lost, and the host is on its way home: its failback continues',
  },
  { from: 'taken-over', event: 'failback-started', to: 'failing-back', sentence: 'A failback has started' },
  { from: 'failing-back', event: 'failback-rolled-back', to: 'taken-over', sentence: 'The failback was rolled back' },
  {
    from: 'failing-back',
    event: 'service-home',
    to: 'syncing',
    sentence: 'The primary serves again, and its local leg is being resynced',
  },
  {
    from: 'protected',
    event: 'refill-started',
    to: 'syncing',
    sentence: 'Mirror mismatch: a full resync of the local leg has started',
  },
  {
    from: 'degraded',
    event: 'refill-started',
    to: 'syncing',
    sentence: 'Mirror mismatch: the full resync of the local leg continues',
  },
];

/** The transition of an event in a state; `undefined` if the table has none. */
export function transitionOf(from: StateOrNone, event: HostEvent, before?: HostStateName): Transition | undefined {
  return TRANSITIONS.find(
    (row) => row.from === from && row.event === event && (row.before === undefined || row.before === before),
  );
}

/** Whether the event leads to this state, so that it has had its effect already. */
export function hasHappened(state: StateOrNone, event: HostEvent): boolean {
  return TRANSITIONS.some((row) => row.event === event && row.to === state);
}

/** The log entry of a transition, for the watch and the journal. */
export function transitionEvent(host: string, { from, event, to, sentence }: Transition): SpareEvent {
  const level = event === 'silent' || event === 'leg-lost' ? 'warning' : 'info';
  const facts = { from: from ?? 'none', to: to ?? 'none', cause: event };
  return eventOf('state', { host, message: sentence, level, facts });
}

/** The states in which an event has an effect. */
export function statesBefore(event: HostEvent): HostStateName[] {
  return TRANSITIONS.flatMap((row) => (row.event === event && row.from !== null ? [row.from] : []));
}

/** The table as a mermaid state diagram. */
export function stateDiagram(): string {
  // Mermaid allows no hyphens in the names of states, and shows the start and the end as [*].
  const identifier = (state: StateOrNone) => (state === null ? '[*]' : state.replaceAll('-', '_'));
  const names = [...new Set(TRANSITIONS.flatMap(({ from, to }) => [from, to]))];
  const lines = [
    'stateDiagram-v2',
    ...names.flatMap((name) => (name?.includes('-') ? [`  state "${name}" as ${identifier(name)}`] : [])),
    ...TRANSITIONS.map(({ from, event, to }) => `  ${identifier(from)} --> ${identifier(to)}: ${event}`),
  ];
  return `${lines.join('\n')}\n`;
}

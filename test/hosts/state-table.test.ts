import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HOST_STATES, type HostStateName, type PrimaryReport } from '../../src/hosts/host-record.ts';
import {
  type HostEvent,
  hasHappened,
  type StateOrNone,
  stateDiagram,
  statesBefore,
  TRANSITIONS,
  transitionOf,
} from '../../src/hosts/state-table.ts';
import type { LostWrites } from '../../src/mirror/worst-volume.ts';
import { observedEvent } from '../../src/watch/observe.ts';
import type { Verdict } from '../../src/watch/verdict.ts';

const states = suite('transitions');

states('have one target for each state, event and state before, and never lead nowhere', () => {
  const keys = TRANSITIONS.map(({ from, before, event }) => `${from} ${before} ${event}`);
  assert.is(new Set(keys).size, keys.length);
  for (const { from, to, sentence } of TRANSITIONS) {
    assert.is.not(from, to);
    assert.match(sentence, /^[A-Z].*[^.]$/);
  }
});

states('name the state before either in all rows of an event or in none', () => {
  for (const { from, event, before } of TRANSITIONS) {
    if (before === undefined)
      assert.is(TRANSITIONS.filter((row) => row.from === from && row.event === event).length, 1);
  }
});

states('tell an event that has happened from one that cannot', () => {
  assert.is(hasHappened('protected', 'legs-in-sync'), true);
  assert.is(hasHappened('taken-over', 'legs-in-sync'), false);
  assert.is(hasHappened(null, 'enrolment-rolled-back'), true);
});

states('reach every state from an enrolment, and leave every state', () => {
  const reached = new Set<StateOrNone>([null]);
  for (let round = 0; round <= HOST_STATES.length; round += 1) {
    for (const { from, to } of TRANSITIONS) if (reached.has(from)) reached.add(to);
  }
  assert.equal([...reached].sort(), [null, ...HOST_STATES].sort());
  for (const state of HOST_STATES) assert.ok(TRANSITIONS.some(({ from }) => from === state));
});

states('call a host protected again, out of a failover, only where it was that before', () => {
  for (const { from, before, to } of TRANSITIONS) {
    if (to !== 'protected') continue;
    assert.ok(from !== 'taken-over' && from !== 'failing-back');
    if (from === 'failing-over') assert.is(before, 'protected');
  }
});

states('start a failover from every state in which the host is not on the standby already', () => {
  assert.equal(statesBefore('failover-started').sort(), [
    'degraded',
    'enrolled',
    'failing-back',
    'protected',
    'suspect',
    'syncing',
  ]);
});

states('are drawn, every one', () => {
  const diagram = stateDiagram();
  assert.ok(diagram.startsWith('stateDiagram-v2\n'));
  assert.ok(diagram.includes('  state "failing-over" as failing_over\n'));
  assert.ok(diagram.includes('  [*] --> enrolled: enrolled\n'));
  assert.is(diagram.match(/ --> (\w+|\[\*\]): /g)?.length, TRANSITIONS.length);
});
states.run();

const observe = suite('observedEvent');
const whole: PrimaryReport = {
  receivedAt: '2026-01-02T03:04:05.000Z',
  arrayState: 'clean',
  standbyLegState: 'in_sync,write_mostly',
  localLegState: 'in_sync',
  syncAction: 'idle',
  sessionLoggedIn: true,
  passive: false,
};
const copying = { ...whole, standbyLegState: 'spare', syncAction: 'recover' };
const broken = { ...whole, standbyLegState: 'faulty' };

type Row = [
  HostStateName,
  Verdict,
  PrimaryReport | undefined,
  HostEvent | undefined,
  HostStateName | undefined,
  LostWrites?,
];
const rows: Row[] = [
  ['enrolled', 'alive', copying, 'copy-started', 'syncing'],
  ['syncing', 'alive', copying, 'leg-lost', undefined],
  ['syncing', 'alive', whole, 'legs-in-sync', 'protected'],
  ['protected', 'alive', whole, 'legs-in-sync', undefined],
  ['protected', 'alive', broken, 'leg-lost', 'degraded'],
  ['protected', 'alive', undefined, undefined, undefined],
  ['protected', 'unknown', undefined, undefined, undefined],
  ['protected', 'suspect', undefined, 'silent', 'suspect'],
  ['degraded', 'alive', copying, 'leg-lost', undefined],
  ['degraded', 'alive', whole, 'legs-in-sync', 'protected'],
  ['degraded', 'dead', undefined, 'silent', undefined],
  ['suspect', 'dead', undefined, 'silent', undefined],
  ['suspect', 'alive', whole, 'legs-in-sync', 'protected'],
  ['suspect', 'alive', broken, 'leg-lost', 'degraded'],
  ['suspect', 'alive', undefined, undefined, undefined],
  ['suspect', 'unknown', undefined, undefined, undefined],
  ['failing-over', 'dead', undefined, undefined, undefined],
  ['taken-over', 'dead', broken, undefined, undefined],
  ['failing-back', 'alive', copying, undefined, undefined],
  ['protected', 'alive', whole, 'leg-lost', 'degraded', 'some'],
  ['degraded', 'alive', whole, 'leg-lost', undefined, 'some'],
  ['suspect', 'alive', whole, 'leg-lost', 'degraded', 'some'],
  ['syncing', 'alive', whole, 'leg-lost', undefined, 'some'],
  ['taken-over', 'alive', whole, undefined, undefined, 'some'],
  ['protected', 'alive', whole, undefined, undefined, 'unknown'],
  ['protected', 'alive', broken, 'leg-lost', 'degraded', 'unknown'],
];
for (const [state, verdict, report, event, to, lostWrites = 'none'] of rows) {
  const said =
    report === undefined ? 'no report' : report === whole ? 'whole' : report === broken ? 'broken' : 'copying';
  observe(`${state}, ${verdict}, ${said}, lost writes ${lostWrites}: ${event} to ${to ?? 'nothing else'}`, () => {
    const isProven = report === whole && lostWrites === 'none';
    const seen = observedEvent({ state, verdict, report, lostWrites, isProven });
    assert.is(seen, event);
    assert.is(seen && transitionOf(state, seen)?.to, to);
  });
}
observe('a report that the ownership record does not confirm changes nothing', () => {
  for (const state of HOST_STATES) {
    const seen = observedEvent({ state, verdict: 'alive', report: whole, lostWrites: 'none', isProven: false });
    assert.is(seen, undefined, state);
  }
});
observe.run();

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HOST_STATES, type HostStateName, type PrimaryReport } from '../../src/config/host-record.ts';
import { observedEvent } from '../../src/health/observe.ts';
import { type HostEvent, stateDiagram, TRANSITIONS, transitionOf } from '../../src/health/state.ts';
import type { Verdict } from '../../src/health/verdict.ts';

const states = suite('transitions');

states('have one target for each state and event, and never lead nowhere', () => {
  const keys = TRANSITIONS.map(({ from, event }) => `${from} ${event}`);
  assert.is(new Set(keys).size, keys.length);
  for (const { from, to, sentence } of TRANSITIONS) {
    assert.is.not(from, to);
    assert.match(sentence, /^[A-Z].*[^.]$/);
  }
});

states('reach every state from enrolled, and leave every state', () => {
  const reached = new Set<HostStateName>(['enrolled']);
  for (let round = 0; round < HOST_STATES.length; round += 1) {
    for (const { from, to } of TRANSITIONS) if (reached.has(from)) reached.add(to);
  }
  assert.equal([...reached].sort(), [...HOST_STATES].sort());
  for (const state of HOST_STATES) assert.ok(TRANSITIONS.some(({ from }) => from === state));
});

states('never call a host protected again out of a takeover', () => {
  for (const from of ['failing-over', 'taken-over', 'failing-back'] as const) {
    for (const { to } of TRANSITIONS.filter((transition) => transition.from === from)) assert.is.not(to, 'protected');
  }
});

states('take over only from states with a leg that may be current', () => {
  const sources = TRANSITIONS.filter(({ to }) => to === 'failing-over').map(({ from }) => from);
  assert.equal(sources.sort(), ['degraded', 'protected', 'suspect']);
});

states('are drawn, every one', () => {
  const diagram = stateDiagram();
  assert.ok(diagram.startsWith('stateDiagram-v2\n'));
  assert.ok(diagram.includes('  state "failing-over" as failing_over\n'));
  assert.ok(diagram.includes('  [*] --> enrolled\n'));
  assert.is(diagram.match(/ --> \w+: /g)?.length, TRANSITIONS.length);
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
  boolean,
  HostEvent | undefined,
  HostStateName | undefined,
];
const rows: Row[] = [
  ['enrolled', 'alive', copying, false, 'copy-started', 'syncing'],
  ['syncing', 'alive', copying, false, 'leg-lost', undefined],
  ['syncing', 'alive', whole, false, 'legs-in-sync', 'protected'],
  ['protected', 'alive', whole, false, 'legs-in-sync', undefined],
  ['protected', 'alive', broken, false, 'leg-lost', 'degraded'],
  ['protected', 'alive', undefined, false, 'heard', undefined],
  ['protected', 'unknown', undefined, false, undefined, undefined],
  ['protected', 'suspect', undefined, false, 'silent', 'suspect'],
  ['degraded', 'alive', copying, true, 'leg-lost', undefined],
  ['degraded', 'alive', whole, true, 'legs-in-sync', 'protected'],
  ['degraded', 'dead', undefined, true, 'silent', undefined],
  ['suspect', 'dead', undefined, false, 'silent', undefined],
  ['suspect', 'alive', whole, false, 'legs-in-sync', 'protected'],
  ['suspect', 'alive', broken, false, 'leg-lost', 'degraded'],
  ['suspect', 'alive', undefined, false, 'heard', 'protected'],
  ['suspect', 'alive', undefined, true, undefined, undefined],
  ['suspect', 'unknown', undefined, false, undefined, undefined],
  ['failing-over', 'dead', undefined, false, undefined, undefined],
  ['taken-over', 'dead', broken, true, undefined, undefined],
  ['failing-back', 'alive', copying, true, undefined, undefined],
];
for (const [state, verdict, report, degraded, event, to] of rows) {
  const said =
    report === undefined ? 'no report' : report === whole ? 'whole' : report === broken ? 'broken' : 'copying';
  observe(`${state}, ${verdict}, ${said}${degraded ? ', degraded' : ''}: ${event} to ${to ?? 'nothing else'}`, () => {
    const seen = observedEvent({ state, verdict, report, degraded });
    assert.is(seen, event);
    assert.is(seen && transitionOf(state, seen)?.to, to);
  });
}
observe.run();

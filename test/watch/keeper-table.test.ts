import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HOST_STATES, type HostStateName } from '../../src/hosts/host-record.ts';
import { chooseAction, KEEPER_ROWS, type KeeperRow, type Situation } from '../../src/watch/keeper-table.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';
import { wholeReport } from './example-host.ts';

const keeper = suite('chooseAction');
const clock = new FakeClock();
const report = wholeReport(0, clock);
const alone = wholeReport(0, clock, { localLegState: 'missing' });
const dropped = wholeReport(0, clock, { standbyLegState: 'faulty' });
/** A host that is dead, or not, and of which nothing else is known. */
const nothing: Situation = {
  state: 'protected',
  inState_ms: 60_000,
  policy: 'auto',
  isPaused: false,
  verdict: 'unknown',
  report: undefined,
  service: { misses: 0, known: false },
  lostWrites: 'none',
  owner: 'primary',
  isBusy: false,
};
const LOST_SERVICE = { misses: 6, known: true };

type Case = [what: string, situation: Partial<Situation> & { state: HostStateName }, KeeperRow['action'] | undefined];
const cases: Case[] = [
  ['dead', { state: 'suspect', verdict: 'dead' }, 'failover'],
  ['dead, by hand only', { state: 'suspect', verdict: 'dead', policy: 'manual' }, undefined],
  ['suspect only', { state: 'suspect', verdict: 'suspect' }, undefined],
  ['dead, not recorded as suspect yet', { state: 'protected', verdict: 'dead' }, 'rest'],
  ['dead, degraded', { state: 'degraded', verdict: 'dead' }, undefined],
  ['dead, never copied', { state: 'enrolled', verdict: 'dead' }, undefined],

  ['dead', { state: 'failing-over', verdict: 'dead' }, 'failover'],
  ['silent, its LUN fenced', { state: 'failing-over', verdict: 'suspect' }, 'failover'],
  ['dead, by hand only', { state: 'failing-over', verdict: 'dead', policy: 'manual' }, undefined],
  ['taken', { state: 'failing-over', verdict: 'alive', owner: 'standby', policy: 'manual' }, 'failover'],
  ['alive, not taken', { state: 'failing-over', verdict: 'alive', policy: 'manual' }, 'abort'],
  ['alive, a moment ago', { state: 'failing-over', verdict: 'alive', inState_ms: 15_000 }, undefined],
  ['alive, the owner is not known', { state: 'failing-over', verdict: 'alive', owner: undefined }, undefined],
  ['alive, an operation runs', { state: 'failing-over', verdict: 'alive', isBusy: true }, undefined],
  ['taken, an operation runs', { state: 'failing-over', owner: 'standby', isBusy: true }, undefined],

  ['its state was lost, taken', { state: 'enrolled', owner: 'standby', policy: 'manual' }, 'failover'],
  ['its state was lost a moment ago, taken', { state: 'enrolled', owner: 'standby', inState_ms: 15_000 }, undefined],
  ['its state was lost, home', { state: 'enrolled', report, owner: 'fill', policy: 'manual' }, 'failback'],
  ['its state was lost, home, no report', { state: 'enrolled', owner: 'fill' }, undefined],

  ['its primary reports', { state: 'failing-back', report, owner: 'standby', policy: 'manual' }, 'failback'],
  ['its primary reports, home', { state: 'failing-back', report, owner: 'fill' }, 'failback'],
  ['its primary reports, an operation runs', { state: 'failing-back', report, owner: 'fill', isBusy: true }, undefined],
  ['silent', { state: 'failing-back', verdict: 'suspect', owner: 'standby', policy: 'manual' }, 'failover'],
  ['dead at home', { state: 'failing-back', verdict: 'dead', owner: 'fill' }, 'failover'],
  [
    'dead at home, by hand only',
    { state: 'failing-back', verdict: 'dead', owner: 'fill', policy: 'manual' },
    undefined,
  ],
  ['alive, no report', { state: 'failing-back', verdict: 'alive', owner: 'standby' }, undefined],

  ['no local leg', { state: 'syncing', report: alone, owner: 'fill', policy: 'manual' }, 'failback'],
  ['no local leg, an operation runs', { state: 'syncing', report: alone, owner: 'fill', isBusy: true }, undefined],
  ['no local leg, in an enrolment', { state: 'syncing', report: alone }, undefined],
  [
    'its local leg has failed',
    { state: 'syncing', report: { ...alone, localLegState: 'faulty' }, owner: 'fill' },
    undefined,
  ],

  ['its service is lost', { state: 'taken-over', service: LOST_SERVICE }, 'restore'],
  ['its service is lost, by hand only', { state: 'taken-over', service: LOST_SERVICE, policy: 'manual' }, 'restore'],
  ['its service has missed five', { state: 'taken-over', service: { misses: 5, known: true } }, undefined],
  ['its service is not known', { state: 'taken-over', service: { misses: 6, known: false } }, undefined],
  ['its service is new', { state: 'taken-over', service: LOST_SERVICE, inState_ms: 15_000 }, undefined],
  ['home, no service seen', { state: 'protected', service: LOST_SERVICE }, 'rest'],

  ['lost writes', { state: 'protected', report, lostWrites: 'some' }, 'resync-lost-writes'],
  [
    'lost writes, by hand only',
    { state: 'suspect', report, lostWrites: 'some', policy: 'manual' },
    'resync-lost-writes',
  ],
  [
    'lost writes, and the leg is dropped',
    { state: 'degraded', report: dropped, lostWrites: 'some' },
    'resync-lost-writes',
  ],
  ['lost writes, no report', { state: 'degraded', lostWrites: 'some' }, undefined],
  [
    'lost writes, passive',
    { state: 'degraded', report: wholeReport(0, clock, { passive: true }), lostWrites: 'some' },
    undefined,
  ],
  ['lost writes, taken over', { state: 'taken-over', report, lostWrites: 'some' }, undefined],
  ['lost writes, failing back', { state: 'failing-back', report, lostWrites: 'some' }, 'failback'],
  ['lost writes not known', { state: 'degraded', report, lostWrites: 'unknown' }, undefined],

  ['its leg is dropped', { state: 'degraded', report: dropped }, 'remirror'],
  ['its leg is dropped in a copy', { state: 'syncing', report: dropped, policy: 'manual' }, 'remirror'],
  ['its leg is dropped, no session', { state: 'degraded', report: { ...dropped, sessionLoggedIn: false } }, undefined],
  ['its leg is dropped, not recorded yet', { state: 'protected', report: dropped }, 'rest'],
  ['its leg is dropped in an enrolment', { state: 'enrolled', report: dropped }, undefined],
  ['its leg is dropped on its way home', { state: 'failing-back', report: dropped }, 'failback'],

  ['all is well', { state: 'protected', report, verdict: 'alive' }, 'rest'],
];
for (const [what, situation, action] of cases) {
  keeper(`${situation.state}, ${what}: ${action ?? 'nothing'}`, () => {
    assert.is(chooseAction({ ...nothing, ...situation })?.action, action);
  });
}

keeper('does nothing while it is paused', () => {
  for (const [what, situation] of cases) {
    assert.is(chooseAction({ ...nothing, ...situation, isPaused: true }), undefined, what);
  }
});

keeper('does nothing of which nothing is known, as while the standby is isolated', () => {
  for (const state of HOST_STATES) {
    assert.is(chooseAction({ ...nothing, state })?.action, state === 'protected' ? 'rest' : undefined, state);
  }
});

keeper('has no row that is never chosen', () => {
  const chosen = new Set(cases.map(([, situation]) => chooseAction({ ...nothing, ...situation })));
  for (const row of KEEPER_ROWS) assert.ok(chosen.has(row), row.message);
});
keeper.run();

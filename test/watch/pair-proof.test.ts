import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type PairFacts, provesPair } from '../../src/watch/pair-proof.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';
import { wholeReport } from './example-host.ts';

const clock = new FakeClock();

function heardAgo(age_ms: number, bootId = clock.bootId) {
  return { bootId, bootTime_ms: clock.bootTime_ms() - age_ms };
}

/** Everything that is needed, with one change. */
function facts(change: {
  record?: Partial<PairFacts['record']>;
  report?: Partial<PairFacts['report']>;
  contact?: Partial<PairFacts['contact']>;
  lease_s?: number;
}): PairFacts {
  const changed = heardAgo(60_000);
  return {
    record: { version: 1, epoch: 7, owner: 'primary', cause: 'logged-in', at: '', changed, ...change.record },
    report: { ...wholeReport(300, clock), ...change.report },
    contact: {
      hasSession: true,
      heard: heardAgo(500),
      sessionHeard: heardAgo(500),
      isFenced: false,
      lostWrites: 'none',
      ...change.contact,
    },
    lease_s: change.lease_s ?? 12,
  };
}

const test = suite('provesPair');

test('both legs are in sync, by a report of this epoch, with the session up', () => {
  assert.ok(provesPair(facts({}), clock));
  assert.ok(provesPair(facts({ report: { recoveryTimeout_s: 7200 } }), clock));
  assert.ok(provesPair(facts({ report: { syncAction: 'check' } }), clock));
});

const NOT_PROVEN: Record<string, Parameters<typeof facts>[0]> = {
  'a report of an earlier epoch': { record: { epoch: 8 } },
  'a report of a later epoch': { record: { epoch: 6 } },
  'a program of an older version': { report: { epoch: undefined as never } },
  'a question of long ago': { report: { received: heardAgo(5_001) } },
  'a question of another boot': { report: { received: heardAgo(300, 'another') } },
  'a question from the future': { report: { received: heardAgo(-10) } },
  'a report without a time': { report: { received: undefined as never } },
  'a dropped leg': { report: { standbyLegState: 'faulty' } },
  'a resync that is running': { report: { syncAction: 'recover' } },
  'a local leg that is incomplete': { report: { localLegState: 'spare' } },
  'an array that does not run': { report: { arrayState: 'inactive' } },
  'a session that is down, by the primary': { report: { sessionLoggedIn: false } },
  'a passive primary': { report: { passive: true } },
  'a timer shorter than the lease': { report: { recoveryTimeout_s: 11 } },
  'a lease longer than the timer': { lease_s: 13 },
  'a timer that is not known': { report: { recoveryTimeout_s: undefined as never } },
  'a session that is down, by the target': { contact: { hasSession: false } },
  'a primary not heard for 5 s': { contact: { sessionHeard: heardAgo(5_001) } },
  'a primary never heard': { contact: { sessionHeard: undefined } },
  'a primary heard in another boot': { contact: { sessionHeard: heardAgo(500, 'another') } },
  'a LUN that is fenced': { contact: { isFenced: true } },
  'lost writes': { contact: { lostWrites: 'some' } },
  'lost writes that are not known': { contact: { lostWrites: 'unknown' } },
};
for (const [what, change] of Object.entries(NOT_PROVEN)) {
  test(`${what}: proves nothing`, () => {
    assert.is(provesPair(facts(change), clock), false);
  });
}

test.run();

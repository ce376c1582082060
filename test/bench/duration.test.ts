import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { againstPeer } from '../../bench/case.ts';
import { CASES } from '../../bench/cases.ts';
import { ownLoad } from '../../bench/clients/load.ts';
import { durationOfCases } from '../../bench/duration.ts';
import { EXTRAS } from '../../bench/extras/all.ts';

const duration = suite('duration of the benchmark');

const caseOf = (about: { name: string; mostRuns?: number }) =>
  againstPeer(
    { client: 'own', ...about },
    () => ownLoad({ sessions: 1, depth: 1, operation_bytes: 512, readShare: 1 }),
    [],
  );

duration('a full run with defaults is announced to take less than 25 minutes', () => {
  const options = { seconds: 2, runs: 5, size_bytes: 1024 ** 3 };
  const extras_s = Object.values(EXTRAS).reduce((sum, extra) => sum + extra.duration_s(options), 0);
  const minutes = (durationOfCases(CASES, options) + extras_s) / 60;
  assert.ok(minutes < 25, `${minutes} minutes`);
  assert.ok(minutes > 10, `${minutes} minutes`);
});

duration('runs cost time, up to as many as a case takes', () => {
  const [free, bounded] = [caseOf({ name: 'a' }), caseOf({ name: 'b', mostRuns: 3 })];
  const of = (each: typeof free, runs: number) => durationOfCases([each], { seconds: 2, runs });
  assert.ok(of(free, 5) > of(free, 3));
  assert.is(of(bounded, 5), of(bounded, 3));
});

duration('a change of the setup costs time, and cases with the same setup stand together', () => {
  const other = { ...caseOf({ name: 'b' }), setup: { kind: 'hosts', count: 2, size_bytes: 512 } } as const;
  const options = { seconds: 1, runs: 1 };
  const [a, c] = [caseOf({ name: 'a' }), caseOf({ name: 'c' })];
  assert.ok(durationOfCases([a, other, c], options) > durationOfCases([a, c, other], options));
  const setups = CASES.map(({ setup }) => JSON.stringify(setup));
  const changes = setups.filter((setup, index) => setup !== setups[index - 1]);
  assert.is(changes.length, new Set(setups).size);
});

duration.run();

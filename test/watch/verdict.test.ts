import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PROBE_PATHS, type Sample, type Samples, sampleOf } from '../../src/watch/probe-paths.ts';
import { countMisses, type MissCounts, NO_COUNTS, type Verdict, verdictOf } from '../../src/watch/verdict.ts';
import { seedOf } from '../fixtures/seed.ts';

const samples = (text: string): Samples => {
  const letter = { a: 'answered', m: 'missed', u: 'unknown' } as const;
  const [iscsi, icmp, ssh, service] = [...text].map((name) => letter[name as 'a' | 'm' | 'u']);
  return { iscsi, icmp, ssh, service } as Samples;
};

const verdict = suite('verdict');
// Rounds of samples in the order iscsi, icmp, ssh, service: (a)nswered, (m)issed, (u)nknown.
const table: [what: string, rounds: string[], wanted: Verdict][] = [
  ['nothing was probed', [], 'unknown'],
  ['all answer', ['aaaa'], 'alive'],
  ['one miss on all', ['aaaa', 'mmmm'], 'unknown'],
  ['two misses on all', ['aaaa', 'mmmm', 'mmmm'], 'suspect'],
  ['five misses on all', Array(5).fill('mmmm'), 'suspect'],
  ['six misses on all', Array(6).fill('mmmm'), 'dead'],
  ['mirror writes still arrive', Array(60).fill('ammm'), 'alive'],
  ['only ping answers', Array(60).fill('mamm'), 'alive'],
  ['only the service answers', Array(60).fill('mmma'), 'alive'],
  ['the target is down', Array(60).fill('ummm'), 'suspect'],
  ['the standby is cut off', [...Array(5).fill('mmmm'), ...Array(60).fill('uuuu')], 'unknown'],
  ['the network is back for one miss', [...Array(5).fill('mmmm'), 'uuuu', 'mmmm'], 'unknown'],
  ['the target is slow to tell now and then', ['mmmm', 'ummm', 'mmmm', 'ummm', 'mmmm', 'ummm', 'mmmm'], 'suspect'],
  ['the target was slow to tell, six looks ago and more', ['mmmm', 'ummm', ...Array(5).fill('mmmm')], 'dead'],
  ['one path answered five looks ago', ['mmmm', 'mamm', ...Array(5).fill('mmmm')], 'suspect'],
  ['one path answered six looks ago', ['mmmm', 'mamm', ...Array(6).fill('mmmm')], 'dead'],
];
for (const [what, rounds, wanted] of table) {
  verdict(`${what}: ${wanted}`, () => {
    const counts = rounds.reduce<MissCounts>((before, round) => countMisses(before, samples(round)), NO_COUNTS);
    assert.is(verdictOf(counts), wanted);
  });
}

/** mulberry32: small, and the same everywhere. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

verdict(
  'never calls dead what has answered within six looks, and always what has not when every look was possible',
  () => {
    const seed = seedOf('SPARE_TEST_SEED');
    const random = randomFrom(seed);
    let deaths = 0;
    for (let run = 0; run < 300; run += 1) {
      // Mostly misses, or a row of six on all paths would never come up.
      const missRate = 0.85 + 0.15 * random();
      const sample = (): Sample => (random() < missRate ? 'missed' : random() < 0.5 ? 'answered' : 'unknown');
      const rounds: Samples[] = [];
      let counts = NO_COUNTS;
      for (let round = 0; round < 40; round += 1) {
        const seen = { iscsi: sample(), icmp: sample(), ssh: sample(), service: sample() };
        rounds.push(seen);
        counts = countMisses(counts, seen);
        const isDead = verdictOf(counts) === 'dead';
        const lastSix = rounds.slice(-6);
        const lookedAt = (wanted: Sample) => lastSix.some((look) => PROBE_PATHS.some((path) => look[path] === wanted));
        const where = `seed ${seed}, run ${run}, round ${round}`;
        if (lookedAt('answered')) assert.not(isDead, where);
        else if (rounds.length >= 6 && !lookedAt('unknown')) assert.ok(isDead, where);
        if (PROBE_PATHS.some((path) => seen[path] === 'unknown')) assert.not(isDead, where);
        assert.is(
          verdictOf(counts) === 'alive',
          PROBE_PATHS.some((path) => seen[path] === 'answered'),
          where,
        );
        if (isDead) deaths += 1;
      }
    }
    assert.ok(deaths > 50, `the test saw ${deaths} deaths with seed ${seed}`);
  },
);

verdict('takes a sign of life for two seconds and a half', () => {
  assert.is(sampleOf(null, 10_000), 'missed');
  assert.is(sampleOf(7500, 10_000), 'answered');
  assert.is(sampleOf(7499, 10_000), 'missed');
});

verdict('takes no time for a sign of life that is still to come, or is none', () => {
  assert.is(sampleOf(Date.parse('2026-01-02T03:00:00.000Z'), 10_000), 'unknown');
  assert.is(sampleOf(Number.NaN, 10_000), 'unknown');
});
verdict.run();

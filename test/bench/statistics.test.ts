import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Histogram } from '../../bench/histogram.ts';
import { median, ratioOfPairs, spread } from '../../bench/statistics.ts';

const statistics = suite('statistics');

statistics('the median is the middle, or the mean of the middle two, whatever the order', () => {
  assert.is(median([9, 1, 5]), 5);
  assert.is(median([10, 1, 4, 2]), 3);
  assert.is(median([7]), 7);
});

statistics('a median of nothing is refused', () => {
  assert.throws(() => median([]), /Cannot take a median of no values/);
});

statistics('a spread has the median and both ends', () => {
  assert.equal(spread([3, 1, 2]), { median: 2, minimum: 1, maximum: 3 });
});

statistics('ratios are taken pair by pair, so that a machine that slows down changes nothing', () => {
  assert.equal(ratioOfPairs([200, 100, 50], [100, 50, 25]), { median: 2, minimum: 2, maximum: 2 });
  assert.throws(() => ratioOfPairs([1, 2], [1]), /2 and 1/);
});

statistics.run();

const histogram = suite('histogram');

histogram('percentiles are within 1.6 % of those of the sorted values, from 1 µs to 10 s', () => {
  // Seed 1: a multiplicative generator (Park and Miller), spread over seven decades.
  let state = 1;
  const values = Array.from({ length: 20_000 }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return 10 ** ((state / 2_147_483_647) * 7 - 3);
  });
  const counted = new Histogram();
  for (const value of values) counted.record(value);
  const sorted = values.toSorted((a, b) => a - b);
  for (const share of [0.01, 0.5, 0.9, 0.99, 0.999]) {
    const exact_us = (sorted[Math.ceil(share * sorted.length) - 1] as number) * 1000;
    const found_us = counted.percentile_us(share);
    // Below 12.8 µs the buckets are 0.1 µs wide.
    assert.ok(Math.abs(found_us - exact_us) <= exact_us * 0.016 + 0.1, `p${share * 100}: ${found_us} for ${exact_us}`);
  }
});

histogram('two are added up', () => {
  const one = new Histogram();
  const other = new Histogram();
  for (let count = 0; count < 99; count++) one.record(1);
  other.record(100);
  one.add(other);
  assert.is(one.count, 100);
  assert.ok(one.percentile_us(0.99) < 1020);
  assert.ok(one.percentile_us(1) > 98_000);
});

histogram('what is too long counts as the longest, and nothing has percentile 0', () => {
  const counted = new Histogram();
  assert.is(counted.percentile_us(0.5), 0);
  counted.record(1e12);
  assert.ok(counted.percentile_us(0.5) > 200e6);
});

histogram.run();

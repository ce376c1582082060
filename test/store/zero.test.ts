import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isZero, zeroes } from '../../src/store/zero.ts';

const test = suite('zero');

test('sees a single byte anywhere', () => {
  for (const length of [1, 511, 4096, 65_536, 65_537, 200_000]) {
    const data = Buffer.alloc(length);
    assert.ok(isZero([data, Buffer.alloc(0), Buffer.alloc(10)]));
    for (const at of [0, length >> 1, length - 1, Math.min(65_535, length - 1), Math.min(65_536, length - 1)]) {
      data[at] = 1;
      assert.not(isZero([Buffer.alloc(10), data]), `byte ${at} of ${length}`);
      data[at] = 0;
    }
  }
});

test('gives at most one MiB at a time, and nothing but zeroes', () => {
  for (const wanted of [1, 65_535, 65_536, 65_537, 1_048_576, 5_000_000]) {
    const length = zeroes(wanted).reduce((sum, each) => sum + each.length, 0);
    assert.ok(length > 0 && length <= Math.min(wanted, 1_048_576));
    assert.ok(isZero(zeroes(wanted)));
  }
});

test.run();

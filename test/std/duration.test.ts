import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseDuration_ms } from '../../src/std/duration.ts';
import { SpareError } from '../../src/std/errors.ts';

const test = suite('duration');

test('reads seconds, minutes, hours and days', () => {
  assert.equal(['90s', '30m', '2h', '1d'].map(parseDuration_ms), [90_000, 1_800_000, 7_200_000, 86_400_000]);
});

for (const text of ['', '30', '0m', '-1h', '1.5h', '2w', '1h30m', '9999999s']) {
  test(`refuses '${text}'`, () => {
    assert.throws(
      () => parseDuration_ms(text),
      (error: unknown) => error instanceof SpareError && error.exitCode === 2,
    );
  });
}

test.run();

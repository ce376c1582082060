import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { skip, take } from '../../src/std/buffers.ts';

const test = suite('lists of buffers');
const PARTS = ['abc', '', 'defg', 'h'].map((text) => Buffer.from(text));
const WHOLE = Buffer.concat(PARTS).toString();

for (let length_bytes = 0; length_bytes <= WHOLE.length + 1; length_bytes++) {
  test(`are cut after ${length_bytes} bytes, and nothing is copied`, () => {
    const first = take(PARTS, length_bytes);
    const rest = skip(PARTS, length_bytes);
    assert.is(Buffer.concat(first).toString(), WHOLE.slice(0, length_bytes));
    assert.is(Buffer.concat(rest).toString(), WHOLE.slice(length_bytes));
    for (const part of [...first, ...rest].filter(({ length }) => length > 0)) {
      assert.ok(PARTS.some(({ buffer }) => buffer === part.buffer));
    }
  });
}

test.run();

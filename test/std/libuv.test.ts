import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bindDataSync } from '../../src/std/libuv.ts';

const test = suite('libuv');

test('without node:ffi it says what is missing', () => {
  const { getBuiltinModule } = process;
  process.getBuiltinModule = (() => undefined) as unknown as typeof getBuiltinModule;
  try {
    assert.throws(() => bindDataSync(), /without node:ffi.*--allow-ffi/);
  } finally {
    process.getBuiltinModule = getBuiltinModule;
  }
});

test.run();

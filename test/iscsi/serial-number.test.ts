import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { serialAdd, serialLess } from '../../src/iscsi/serial-number.ts';

const test = suite('serial numbers');

test('compare across the wrap', () => {
  assert.ok(serialLess(1, 2));
  assert.not.ok(serialLess(2, 1));
  assert.not.ok(serialLess(7, 7));
  assert.ok(serialLess(0xffffffff, 0));
  assert.ok(serialLess(0xfffffff0, 0x10));
  assert.not.ok(serialLess(0x10, 0xfffffff0));
});

test('add across the wrap', () => {
  assert.is(serialAdd(0xffffffff, 1), 0);
  assert.is(serialAdd(0xfffffffe, 5), 3);
  assert.is(serialAdd(0, -1), 0xffffffff);
});

test.run();

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ByteBudget } from '../../src/iscsi/byte-budget.ts';

const test = suite('ByteBudget');

test('gives until it is used up', () => {
  const budget = new ByteBudget(10);
  assert.ok(budget.tryTake(6));
  assert.not.ok(budget.tryTake(5));
  assert.ok(budget.tryTake(4));
  assert.is(budget.used_bytes, 10);
  budget.release(6);
  assert.ok(budget.tryTake(5));
});

test('what is larger than all of it fits alone', () => {
  const budget = new ByteBudget(10);
  assert.ok(budget.tryTake(50));
  assert.not.ok(budget.tryTake(1));
});

test('tells those who wait, once', () => {
  const budget = new ByteBudget(10);
  let told = 0;
  budget.tryTake(10);
  budget.whenReleased(() => told++);
  budget.release(5);
  budget.release(5);
  assert.is(told, 1);
});

test.run();

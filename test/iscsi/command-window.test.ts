import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CommandWindow } from '../../src/iscsi/command-window.ts';
import { LIMITS } from '../../src/iscsi/limits.ts';

const test = suite('CommandWindow');

test('delivers in order, and the window moves on', () => {
  const window = new CommandWindow<string>(10);
  assert.is(window.expCmdSn, 10);
  assert.is(window.maxCmdSn, 10 + LIMITS.commands - 1);
  assert.ok(window.advance(10));
  assert.not.ok(window.advance(10));
  assert.is(window.expCmdSn, 11);
});

test('keeps what comes too early', () => {
  const window = new CommandWindow<string>(1);
  assert.ok(window.arrive(3, 'c'));
  assert.ok(window.arrive(2, 'b'));
  assert.is(window.next(), undefined);
  assert.ok(window.arrive(1, 'a'));
  assert.equal([window.next(), window.next(), window.next(), window.next()], ['a', 'b', 'c', undefined]);
});

test('ignores what is outside, and what came already', () => {
  const window = new CommandWindow<string>(100);
  assert.not.ok(window.arrive(99, 'old'));
  assert.not.ok(window.arrive(100 + LIMITS.commands, 'beyond'));
  assert.ok(window.arrive(100 + LIMITS.commands - 1, 'last'));
  assert.not.ok(window.arrive(100 + LIMITS.commands - 1, 'again'));
});

test('goes across the wrap', () => {
  const window = new CommandWindow<string>(0xfffffffe);
  assert.ok(window.arrive(0, 'third'));
  assert.ok(window.arrive(0xfffffffe, 'first'));
  assert.is(window.next(), 'first');
  assert.ok(window.arrive(0xffffffff, 'second'));
  assert.is(window.next(), 'second');
  assert.is(window.next(), 'third');
  assert.is(window.expCmdSn, 1);
});

test('is closed while all places are taken', () => {
  const window = new CommandWindow<string>(0);
  for (let count = 0; count < LIMITS.commands; count++) {
    assert.ok(window.advance(count));
    window.opened();
  }
  assert.is(window.maxCmdSn, window.expCmdSn - 1);
  assert.not.ok(window.advance(LIMITS.commands));
  assert.not.ok(window.arrive(LIMITS.commands, 'too many'));
  window.closed();
  assert.is(window.maxCmdSn, window.expCmdSn);
  assert.ok(window.advance(LIMITS.commands));
});

test('a number that was cancelled is passed over', () => {
  const window = new CommandWindow<string>(1);
  assert.ok(window.arrive(2, 'b'));
  assert.ok(window.cancel(1));
  assert.is(window.next(), 'b');
  assert.is(window.expCmdSn, 3);
  assert.not.ok(window.cancel(1));
});

test.run();

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type HeldRange, RangeLock } from '../../src/scsi/range-lock.ts';
import { seedOf } from '../fixtures/seed.ts';

const test = suite('range lock');

/** Asks for ranges by name, and keeps who was granted, in order. */
function makeLock() {
  const lock = new RangeLock();
  const granted: string[] = [];
  const held = new Map<string, HeldRange>();
  return {
    granted,
    ask(name: string, lba: number, blockCount: number, exclusive = false) {
      lock.acquire(lba, blockCount, exclusive, (range) => {
        granted.push(name);
        held.set(name, range);
      });
    },
    release(name: string) {
      const range = held.get(name);
      if (range !== undefined) lock.release(range);
    },
  };
}

test('shared ranges overlap freely', () => {
  const { ask, granted } = makeLock();
  ask('a', 0, 10);
  ask('b', 5, 10);
  assert.equal(granted, ['a', 'b']);
});

test('an exclusive range waits for every overlapping one, and holds up those that come after it', () => {
  const { ask, release, granted } = makeLock();
  ask('read', 0, 10);
  ask('write', 5, 10);
  ask('exchange', 8, 1, true);
  ask('later', 8, 4);
  ask('elsewhere', 100, 1);
  assert.equal(granted, ['read', 'write', 'elsewhere']);
  release('read');
  assert.equal(granted, ['read', 'write', 'elsewhere']);
  release('write');
  assert.equal(granted, ['read', 'write', 'elsewhere', 'exchange']);
  release('exchange');
  assert.equal(granted, ['read', 'write', 'elsewhere', 'exchange', 'later']);
});

test('ranges that only touch do not conflict', () => {
  const { ask, granted } = makeLock();
  ask('a', 0, 8, true);
  ask('b', 8, 8, true);
  ask('c', 16, 1);
  assert.equal(granted, ['a', 'b', 'c']);
});

test('those that wait do not overtake each other', () => {
  const { ask, release, granted } = makeLock();
  ask('first', 0, 4, true);
  ask('second', 0, 8, true);
  ask('third', 6, 4);
  assert.equal(granted, ['first']);
  release('first');
  assert.equal(granted, ['first', 'second']);
  release('second');
  assert.equal(granted, ['first', 'second', 'third']);
});

test('random ranges: no two that conflict are ever held together, and all are granted', () => {
  const seed = seedOf('SPARE_TEST_SEED');
  let state = seed;
  const random = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 0x1_0000_0000) * below);
  };
  const lock = new RangeLock();
  const held = new Set<HeldRange>();
  let granted = 0;
  const total = 2_000;
  for (let asked = 0; asked < total || granted < total; ) {
    if (asked < total && random(3) > 0) {
      asked += 1;
      lock.acquire(random(50), 1 + random(20), random(4) === 0, (range) => {
        for (const other of held) {
          const overlaps = range.start < other.end && other.start < range.end;
          assert.not(overlaps && (range.exclusive || other.exclusive), `seed ${seed}`);
        }
        held.add(range);
        granted += 1;
      });
    } else {
      const [oldest] = held;
      assert.ok(oldest !== undefined || asked < total, `nobody is granted any more with seed ${seed}`);
      if (oldest === undefined) continue;
      held.delete(oldest);
      lock.release(oldest);
    }
  }
});

test.run();

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Bag } from '../../src/std/bag.ts';

const test = suite('bag');

function filled(...names: string[]) {
  const bag = new Bag<{ name: string; place: number }>();
  const items = names.map((name) => ({ name, place: -1 }));
  for (const item of items) bag.add(item);
  const left = () => bag.items.map(({ name }) => name).sort();
  return { bag, items, names: left };
}

for (const order of [
  [0, 1, 2, 3],
  [3, 2, 1, 0],
  [1, 3, 0, 2],
]) {
  test(`gives back what is left, removed in the order ${order.join(' ')}`, () => {
    const { bag, items, names } = filled('a', 'b', 'c', 'd');
    const left = new Set(['a', 'b', 'c', 'd']);
    for (const index of order) {
      const item = items[index] as { name: string; place: number };
      bag.remove(item);
      left.delete(item.name);
      assert.equal(names(), [...left].sort());
    }
  });
}

test('takes an item again that was removed', () => {
  const { bag, items, names } = filled('a', 'b');
  const [first] = items as [{ name: string; place: number }];
  bag.remove(first);
  bag.add(first);
  assert.equal(names(), ['a', 'b']);
});

test('that is not in the bag is not taken out, and neither is another in its place', () => {
  const { bag, items, names } = filled('a', 'b');
  const [first] = items as [{ name: string; place: number }];
  const stranger = { name: 'c', place: 0 };
  assert.throws(() => bag.remove(stranger), /that is not in the bag/);
  bag.remove(first);
  assert.throws(() => bag.remove(first), /that is not in the bag/);
  assert.equal(names(), ['b']);
});

test.run();

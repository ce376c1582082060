import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MACHINE_NAMES } from '../settings.ts';
import { processorOf } from './processor.ts';

const test = suite('the processor that a machine is bound to');

const places = (lab: string, processors: number[]) => MACHINE_NAMES.map((name) => processorOf(name, lab, processors));

test('the standby has one for itself, where there is more than one', () => {
  for (const processors of [
    [4, 7],
    [0, 1, 2],
    [0, 1, 2, 3, 4, 5],
  ]) {
    const [standby, ...others] = places('lab', processors);
    assert.not.ok(others.includes(standby ?? -1), processors.join(' '));
    assert.ok(others.every((place) => processors.includes(place)));
  }
  assert.equal(places('lab', [3]), [3, 3, 3, 3]);
});

test('each has one of its own, where there are enough', () => {
  assert.is(new Set(places('lab', [0, 1, 2, 3])).size, MACHINE_NAMES.length);
});

test('labs side by side begin at different ones', () => {
  assert.is.not(processorOf('standby', 'a', [0, 1]), processorOf('standby', 'b', [0, 1]));
});

test('by itself it is one that this process may run on', () => {
  assert.ok(Number.isInteger(processorOf('standby', 'lab')));
});

test.run();

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { longestStall_s, lostRecords, outage_s, parseRecords, parseWriterLog } from './acknowledgements.ts';

const test = suite('acknowledgements');

const LOG = '1 100.000000 100.100000\n2 100.200000 107.200000\nerror 3 Input/output error\n3 107.3';

test('reads acknowledgements and errors, and leaves out a line that was cut', () => {
  const { acknowledgements, errors } = parseWriterLog(LOG);
  assert.equal(
    acknowledgements.map(({ number }) => number),
    [1, 2],
  );
  assert.equal(errors, ['3 Input/output error']);
});

test('counts as lost what was acknowledged and is not in the file, or not in its place', () => {
  const record = (number: number) => `${`${number} 5.000001`.padEnd(63)}\n`;
  const present = parseRecords(record(1) + record(3) + '\0'.repeat(64) + record(4));
  assert.equal([...present], [1, 4]);
  assert.equal(lostRecords(parseWriterLog(LOG).acknowledgements, present), [2]);
});

test('measures the longest stall of one record and the outage inside a span', () => {
  const { acknowledgements } = parseWriterLog(LOG);
  assert.is(longestStall_s(acknowledgements).toFixed(3), '7.000');
  assert.is(outage_s(acknowledgements, 100, 200).toFixed(3), '7.100');
  assert.is(outage_s(acknowledgements, 0, 107), 0);
});

test.run();

import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, truncateSync } from 'node:fs';
import { dirname } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { appendToJournal, journalPath, readJournal, unfinishedOperations } from '../../src/hosts/journal.ts';
import { systemClock } from '../../src/std/clock.ts';
import { eventOf } from '../../src/std/event.ts';
import { useTemporaryDirectories } from '../fixtures/state-directories.ts';

const begun = eventOf('operation-begun', { host: 'alpha', facts: { operation: 'set', again: 'run it again' } });
const ended = eventOf('operation-ended', { host: 'alpha', facts: { operation: 'set' } });

const test = suite('journal');
let directories: ReturnType<typeof useTemporaryDirectories>;
test.before.each(() => {
  directories = useTemporaryDirectories();
});
test.after.each(() => directories.remove());

test('is empty before the first entry, and then has what was appended, readable by its owner only', () => {
  assert.equal(readJournal('alpha'), []);
  appendToJournal('alpha', begun, systemClock);
  appendToJournal('alpha', eventOf('proven-off', { host: 'alpha' }), systemClock);
  assert.equal(
    readJournal('alpha').map(({ event, operation }) => [event, operation]),
    [
      ['operation-begun', 'set'],
      ['proven-off', undefined],
    ],
  );
  assert.is(statSync(journalPath('alpha')).mode & 0o777, 0o600);
});

test('on a full disk it says so, and throws nothing', () => {
  mkdirSync(dirname(journalPath('alpha')), { recursive: true });
  symlinkSync('/dev/full', journalPath('alpha'));
  assert.match(
    appendToJournal('alpha', eventOf('step-failed', { host: 'alpha' }), systemClock)?.message ?? '',
    'ENOSPC',
  );
});

test('leaves out a line that a power failure cut in two, and one of another version', () => {
  appendToJournal('alpha', begun, systemClock);
  appendFileSync(journalPath('alpha'), '{"time":"2026-01-01T00:00:00Z","event":"no-such-event"}\n{"time":"2026-');
  assert.is(readJournal('alpha').length, 1);
});

test('what is written after a torn line, or after zeroes, is a line of its own', () => {
  for (const torn of ['{"time":"2026-', '\0\0\0\0']) {
    appendToJournal('alpha', begun, systemClock);
    appendFileSync(journalPath('alpha'), torn);
    appendToJournal('alpha', ended, systemClock);
    assert.equal(unfinishedOperations('alpha'), []);
  }
});

test('tells an operation that has not ended, with the way to resume it', () => {
  assert.equal(unfinishedOperations('alpha'), []);
  appendToJournal('alpha', begun, systemClock);
  appendToJournal(
    'alpha',
    eventOf('step-failed', { host: 'alpha', facts: { operation: 'set', step: 'a' } }),
    systemClock,
  );
  const { operation, again } = unfinishedOperations('alpha')[0] ?? {};
  assert.equal([operation, again], ['set', 'run it again']);
  appendToJournal('alpha', ended, systemClock);
  assert.equal(unfinishedOperations('alpha'), []);
});

test('reads the end of a long journal, and moves it aside when the next operation starts', () => {
  appendToJournal('alpha', begun, systemClock);
  truncateSync(journalPath('alpha'), 5 * 2 ** 20);
  appendFileSync(journalPath('alpha'), '\n');
  appendToJournal('alpha', ended, systemClock);
  assert.equal(
    readJournal('alpha').map(({ event }) => event),
    ['operation-ended'],
  );
  appendToJournal('alpha', begun, systemClock);
  assert.ok(existsSync(`${journalPath('alpha')}.1`));
  assert.is(readFileSync(journalPath('alpha'), 'utf8').split('\n').length, 2);
});

test.run();

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { paths, volumeFolder } from '../../src/config/paths.ts';
import type { HostStateName } from '../../src/hosts/host-record.ts';
import { readHostRecord } from '../../src/hosts/host-records.ts';
import { enter, forgetState, noteComparisonDue, readState, setPaused, stateOf } from '../../src/hosts/host-state.ts';
import { readJournal } from '../../src/hosts/journal.ts';
import { updateEvidence } from '../../src/hosts/volume-evidence.ts';
import { bootMomentNow } from '../../src/std/boot-moment.ts';
import { systemClock } from '../../src/std/clock.ts';
import { SpareError } from '../../src/std/errors.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';
import { putIntoState } from '../fixtures/host-state.ts';
import { useTemporaryDirectories } from '../fixtures/state-directories.ts';

const test = suite('host state');
let directories: ReturnType<typeof useTemporaryDirectories>;
test.before.each(() => {
  directories = useTemporaryDirectories();
});
test.after.each(() => directories.remove());

const isError = (code: string, exitCode: number) => (error: unknown) =>
  error instanceof SpareError && error.code === code && error.exitCode === exitCode;

function writeStateFile(text: string): void {
  putIntoState('alpha', 'enrolled');
  writeFileSync(join(paths().state, 'hosts', 'alpha.json'), text);
}

test('an event leads where the table says, and tells what is to be logged', () => {
  assert.is(readState('alpha'), undefined);
  const transition = enter('alpha', 'enrolled', systemClock);
  assert.equal([transition?.from, transition?.to, transition?.sentence], [null, 'enrolled', 'The host is enrolled']);
  const clock = new FakeClock();
  enter('alpha', 'copy-started', clock);
  assert.equal(
    readJournal('alpha').map(({ event, message }) => [event, message]),
    [
      ['state', 'The host is enrolled'],
      ['state', 'The initial resync has started'],
    ],
  );
  const times = { since: clock.wallTime().toISOString(), entered: bootMomentNow(clock) };
  assert.equal(readState('alpha'), { version: 1, state: 'syncing', before: 'enrolled', ...times });
});

test('a transition that is not in the table is a bug, and changes nothing', () => {
  putIntoState('alpha', 'taken-over');
  assert.throws(() => enter('alpha', 'legs-in-sync', systemClock), isError('NO_TRANSITION', 1));
  assert.throws(() => enter('alpha', 'failover-started', systemClock), isError('NO_TRANSITION', 1));
  assert.is(stateOf('alpha'), 'taken-over');
});

test('an event that has had its effect changes nothing, not even since when', () => {
  putIntoState('alpha', 'failing-over', { since: '2026-01-01T00:00:00Z', before: 'degraded' });
  assert.is(enter('alpha', 'failover-started', systemClock), undefined);
  assert.equal([readState('alpha')?.since, readState('alpha')?.before], ['2026-01-01T00:00:00Z', 'degraded']);
});

for (const origin of ['enrolled', 'syncing', 'protected', 'degraded', 'suspect'] as HostStateName[]) {
  test(`a failover that is rolled back leads back to ${origin}`, () => {
    putIntoState('alpha', origin);
    enter('alpha', 'failover-started', systemClock);
    assert.is(stateOf('alpha'), 'failing-over');
    enter('alpha', 'failover-rolled-back', systemClock);
    assert.is(stateOf('alpha'), origin);
  });
}

test('a failover out of a failback leads back into the failback', () => {
  putIntoState('alpha', 'failing-back', { before: 'taken-over' });
  enter('alpha', 'failover-started', systemClock);
  enter('alpha', 'failover-rolled-back', systemClock);
  assert.is(stateOf('alpha'), 'failing-back');
});

test('a host whose state file was moved aside starts again', () => {
  assert.is(stateOf('alpha'), 'enrolled');
  assert.is(enter('alpha', 'legs-in-sync', systemClock)?.to, 'protected');
  assert.is(readState('alpha')?.before, 'enrolled');
});

test('pause, and what is to be compared, stay beside the state', () => {
  const paused = { until: '2026-01-01T00:00:00Z', reason: 'repair' };
  setPaused('alpha', paused, systemClock);
  noteComparisonDue('alpha', systemClock);
  enter('alpha', 'legs-in-sync', systemClock);
  assert.equal([readState('alpha')?.paused, readState('alpha')?.comparisonDue], [paused, true]);
  setPaused('alpha', undefined, systemClock);
  assert.equal([readState('alpha')?.paused, stateOf('alpha')], [undefined, 'protected']);
});

test('a former host of the name is forgotten', () => {
  putIntoState('alpha', 'taken-over');
  forgetState('alpha');
  assert.is(readState('alpha'), undefined);
  assert.is(enter('alpha', 'enrolled', systemClock)?.to, 'enrolled');
});

test('what the watch learns is kept apart', () => {
  putIntoState('alpha', 'protected', { since: '2026-01-02T00:00:00Z' });
  updateEvidence('alpha', 'data', (evidence) => ({ ...evidence, degradedSince: '2026-01-01T00:00:00Z' }));
  assert.equal(readHostRecord('alpha', 'data'), {
    version: 1,
    state: 'protected',
    since: '2026-01-02T00:00:00Z',
    degradedSince: '2026-01-01T00:00:00Z',
  });
});

const damaged: [what: string, text: string, message: RegExp][] = [
  ['is empty', '', /it is not JSON$/],
  ['is no object', 'null', /it is not a JSON object$/],
  ['has no state', '{"version": 1}', /it has no state$/],
  ['has an unknown state', '{"version": 1, "state": "confused"}', /'confused' is not a state of a host$/],
  ['has another type of state', '{"version": 1, "state": 7}', /'7' is not a state of a host$/],
  ['came from such a state', '{"version": 1, "state": "failing-over", "before": "x"}', /'x' is not a state of a host$/],
];
for (const [what, text, message] of damaged) {
  test(`says so where the state file ${what}`, () => {
    writeStateFile(text);
    for (const read of [() => readHostRecord('alpha', 'data'), () => enter('alpha', 'silent', systemClock)]) {
      assert.throws(read, (error: SpareError) => isError('RECORD_DAMAGED', 3)(error) && message.test(error.message));
    }
  });
}

test('says so where a newer spare has written it', () => {
  writeStateFile('{"version": 2, "state": "protected"}');
  assert.throws(() => readState('alpha'), isError('RECORD_VERSION', 3));
});
test('evidence that a power loss has left as zeroes proves nothing, and the next report replaces it', () => {
  putIntoState('alpha', 'protected');
  updateEvidence('alpha', 'data', (evidence) => ({ ...evidence, degradedSince: 'then' }), { durable: false });
  writeFileSync(join(volumeFolder(paths().state, 'alpha', 'data'), 'evidence.json'), Buffer.alloc(400));
  assert.is(readHostRecord('alpha', 'data')?.state, 'protected');
  assert.is(readHostRecord('alpha', 'data')?.degradedSince, undefined);
  updateEvidence('alpha', 'data', (evidence) => ({ ...evidence, degradedSince: 'now' }));
  assert.is(readHostRecord('alpha', 'data')?.degradedSince, 'now');
});

test.run();

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventAsJson, eventAsText, eventOf } from '../../src/std/event.ts';
import { EVENTS } from '../../src/std/event-table.ts';

const AT = new Date('2026-01-02T03:04:05.678Z');
const ROOT = join(import.meta.dirname, '..', '..');

const test = suite('events');

test('an event has level and sentence of the table, unless it says it more exactly', () => {
  assert.equal(eventOf('proven-off', { host: 'alpha' }), {
    event: 'proven-off',
    level: EVENTS['proven-off'].level,
    host: 'alpha',
    message: EVENTS['proven-off'].sentence,
  });
  const exact = eventOf('state', { message: 'All in sync', level: 'warning' });
  assert.equal([exact.message, exact.level], ['All in sync', 'warning']);
});

test('is one line of JSON, with its facts beside its name, and without what is undefined', () => {
  const event = eventOf('session-ended', { facts: { initiator: undefined, reason: 'logged out' } });
  const { sentence } = EVENTS['session-ended'];
  assert.is(
    eventAsJson(event, AT),
    `{"time":"2026-01-02T03:04:05.678Z","event":"session-ended","level":"info","message":"${sentence}","reason":"logged out"}`,
  );
});

test('is one line of text: a value with a space or a quote is quoted', () => {
  const event = eventOf('leg-failed', { host: 'alpha', message: 'Failed', facts: { cause: 'EIO "x"', tries: 2 } });
  assert.is(eventAsText(event, AT), '03:04:05 error: alpha: Failed cause="EIO \\"x\\"" tries=2');
});

test('every event of the table is raised somewhere', () => {
  const code = globSync('{src,test/lab}/**/*.ts', { cwd: ROOT })
    .filter((file) => !file.endsWith('event-table.ts'))
    .map((file) => readFileSync(join(ROOT, file), 'utf8'))
    .join('\n');
  // The keeper makes the names of what it does from two parts.
  const isRaised = (name: string) => {
    const [, action, end] = /^(.*)-(begun|done|failed)$/.exec(name) ?? [];
    const inParts = action !== undefined && code.includes(`'${action}'`) && code.includes(`}-${end}\``);
    return code.includes(`'${name}'`) || inParts;
  };
  assert.equal(
    Object.keys(EVENTS).filter((name) => !isRaised(name)),
    [],
  );
});

test.run();

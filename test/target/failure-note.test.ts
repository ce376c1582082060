import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { failureNotePaths } from '../../src/config/paths.ts';
import type { SpareEvent } from '../../src/std/event.ts';
import { FailureNote } from '../../src/target/failure-note.ts';

interface Context {
  runtime: string;
  events: SpareEvent[];
}

const test = suite<Context>('FailureNote');

test.before.each((context) => {
  context.runtime = mkdtempSync(join(tmpdir(), 'spare-note-'));
  context.events = [];
});
test.after.each(({ runtime }) => rmSync(runtime, { recursive: true }));

const noteOf = ({ runtime, events }: Context, volume = 'data') =>
  new FailureNote(runtime, 'alpha', volume, (event) => events.push(event));

test('outlives the daemon, until it is removed', (context) => {
  noteOf(context).write();
  const note = noteOf(context);
  assert.ok(note.stands);
  note.remove();
  assert.equal([note.stands, noteOf(context).stands, context.events], [false, false, []]);
});

test('is about one volume', (context) => {
  noteOf(context, 'archive').write();
  assert.equal([noteOf(context, 'archive').stands, noteOf(context).stands], [true, false]);
  noteOf(context).remove();
  assert.ok(noteOf(context, 'archive').stands);
});

test('one from before volumes had folders is about the first volume, until it is removed', (context) => {
  mkdirSync(join(context.runtime, 'failed-legs'));
  writeFileSync(join(context.runtime, 'failed-legs', 'alpha'), '');
  assert.equal([noteOf(context).stands, noteOf(context, 'archive').stands], [true, false]);
  noteOf(context).remove();
  assert.equal([noteOf(context).stands, context.events], [false, []]);
});

test('if it cannot be written, that is reported, and the note is kept in memory', (context) => {
  writeFileSync(join(context.runtime, 'volumes'), 'in the way');
  const note = noteOf(context);
  note.write();
  assert.ok(note.stands);
  assert.match(
    JSON.stringify(context.events),
    /"note-not-changed",.*"host":"alpha",.*"volume":"data",.*"error":"Error: (EEXIST|ENOTDIR)/,
  );
  assert.not.ok(existsSync(failureNotePaths(context.runtime, 'alpha', 'data')[0]));
  note.remove();
  assert.not.ok(note.stands);
});

test.run();

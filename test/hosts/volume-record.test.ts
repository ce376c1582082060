import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { paths } from '../../src/config/paths.ts';
import { readTakeoverNote, type TakeoverNote, writeTakeoverNote } from '../../src/hosts/takeover-note.ts';
import { forgetEvidence, readEvidence, updateEvidence } from '../../src/hosts/volume-evidence.ts';
import type { OwnershipRecord } from '../../src/ownership/record.ts';
import { useTemporaryDirectories } from '../fixtures/state-directories.ts';

const test = suite('records of a volume');
let directories: ReturnType<typeof useTemporaryDirectories>;
test.before.each(() => {
  directories = useTemporaryDirectories();
});
test.after.each(() => directories.remove());

const LOST = [{ offset_bytes: 0, length_bytes: 4096 }];
const note: TakeoverNote = { version: 1, epoch: 7, at: '2026-01-01', proven: true, reasons: ['A pair'], lost: LOST };

/** Of the takeover in this epoch. */
const record = (takenIn: number): OwnershipRecord => ({
  version: 1,
  epoch: takenIn + 1,
  owner: 'standby',
  cause: 'writable',
  at: '2026-01-01',
  changed: { bootId: 'boot', bootTime_ms: 0 },
  takenIn,
});

/** A file as a version wrote it in which a host had one volume. */
function writeFormer(folder: 'evidence', content: object): string {
  const path = join(paths().state, folder, 'alpha.json');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(content));
  return path;
}

const pathOf = (volume: string, name: string) => join(paths().state, 'volumes', 'alpha', volume, name);

test('each volume has its own, in its own folder', () => {
  updateEvidence('alpha', 'data', (evidence) => ({ ...evidence, degradedSince: 'then' }));
  writeTakeoverNote('alpha', 'archive', note);
  assert.equal(
    [readEvidence('alpha', 'data').degradedSince, readEvidence('alpha', 'archive')],
    ['then', { version: 1 }],
  );
  assert.equal(
    [readTakeoverNote('alpha', 'data', record(7)), readTakeoverNote('alpha', 'archive', record(7))?.lost],
    [undefined, LOST],
  );
  assert.ok(existsSync(pathOf('data', 'evidence.json')));
  assert.ok(existsSync(pathOf('archive', 'takeover.json')));
  forgetEvidence('alpha', 'archive');
  assert.is(readEvidence('alpha', 'data').degradedSince, 'then');
});

test('the note of another takeover, of an older version, or damaged, says nothing', () => {
  writeTakeoverNote('alpha', 'data', note);
  assert.equal(readTakeoverNote('alpha', 'data', record(7)), note);
  assert.is(readTakeoverNote('alpha', 'data', record(8)), undefined);
  assert.is(readTakeoverNote('alpha', 'data', undefined), undefined);
  for (const content of ['null', '{}', '{"decidedAt":"2026-01-01","leg":{"currency":"current"}}', '\0\0', '']) {
    writeFileSync(pathOf('data', 'takeover.json'), content);
    const { takenIn: _none, ...never } = record(7);
    for (const each of [record(7), never]) assert.is(readTakeoverNote('alpha', 'data', each), undefined, content);
  }
});

test('one from before volumes had folders is about the first volume, and moves when it is written', () => {
  const evidence = writeFormer('evidence', { version: 1, degradedSince: 'then' });
  assert.equal(readEvidence('alpha', 'data'), { version: 1, degradedSince: 'then' });
  assert.equal(readEvidence('alpha', 'archive'), { version: 1 });

  updateEvidence('alpha', 'data', (known) => ({ ...known, degradedSince: 'now' }), { durable: false });
  assert.equal(readEvidence('alpha', 'data'), { version: 1, degradedSince: 'now' });
  assert.is(existsSync(evidence), false);
});

test('one of an older version is forgotten, too', () => {
  writeFormer('evidence', { version: 1, degradedSince: 'then' });
  forgetEvidence('alpha', 'data');
  assert.equal(readEvidence('alpha', 'data'), { version: 1 });
});

test.run();

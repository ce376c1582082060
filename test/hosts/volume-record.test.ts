import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { paths } from '../../src/config/paths.ts';
import type { LegCurrency } from '../../src/hosts/leg-currency.ts';
import {
  forgetTakeoverDecision,
  noteLunServed,
  readTakeoverDecision,
  recordTakeoverDecision,
} from '../../src/hosts/takeover-decision.ts';
import { forgetEvidence, readEvidence, updateEvidence } from '../../src/hosts/volume-evidence.ts';
import { useTemporaryDirectories } from '../fixtures/state-directories.ts';

const test = suite('records of a volume');
let directories: ReturnType<typeof useTemporaryDirectories>;
test.before.each(() => {
  directories = useTemporaryDirectories();
});
test.after.each(() => directories.remove());

const leg: LegCurrency = { currency: 'current', reasons: ['In sync'] };
const decision = { decidedAt: '2026-01-01', leg, dataLossAllowed: false };
const LOST = [{ offset_bytes: 0, length_bytes: 4096 }];

/** A file as a version wrote it in which a host had one volume. */
function writeFormer(folder: 'evidence' | 'takeovers', content: object): string {
  const path = join(paths().state, folder, 'alpha.json');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(content));
  return path;
}

const pathOf = (volume: string, name: string) => join(paths().state, 'volumes', 'alpha', volume, name);

test('each volume has its own, in its own folder', () => {
  updateEvidence('alpha', 'data', (evidence) => ({ ...evidence, degradedSince: 'then' }));
  recordTakeoverDecision('alpha', 'archive', { ...decision, lost: LOST });
  assert.equal(
    [readEvidence('alpha', 'data').degradedSince, readEvidence('alpha', 'archive')],
    ['then', { version: 1 }],
  );
  assert.equal(
    [readTakeoverDecision('alpha', 'data'), readTakeoverDecision('alpha', 'archive')?.lost],
    [undefined, LOST],
  );
  assert.ok(existsSync(pathOf('data', 'evidence.json')));
  assert.ok(existsSync(pathOf('archive', 'takeover.json')));
  noteLunServed('alpha', 'archive', true);
  assert.is(readTakeoverDecision('alpha', 'archive')?.lunServedSince, true);
  forgetEvidence('alpha', 'archive');
  forgetTakeoverDecision('alpha', 'data');
  assert.is(readEvidence('alpha', 'data').degradedSince, 'then');
  forgetTakeoverDecision('alpha', 'archive');
  assert.is(readTakeoverDecision('alpha', 'archive'), undefined);
});

test('one from before volumes had folders is about the first volume, and moves when it is written', () => {
  const evidence = writeFormer('evidence', { version: 1, degradedSince: 'then' });
  const takeover = writeFormer('takeovers', { ...decision, lost: LOST });
  assert.equal(readEvidence('alpha', 'data'), { version: 1, degradedSince: 'then' });
  assert.equal(readTakeoverDecision('alpha', 'data'), { ...decision, lost: LOST });
  assert.equal(
    [readEvidence('alpha', 'archive'), readTakeoverDecision('alpha', 'archive')],
    [{ version: 1 }, undefined],
  );

  const provenOff = { at: 'now', by: 'fence command' };
  updateEvidence('alpha', 'data', (known) => ({ ...known, provenOff }), { durable: false });
  noteLunServed('alpha', 'data', true);
  assert.equal(readEvidence('alpha', 'data'), { version: 1, degradedSince: 'then', provenOff });
  assert.equal(readTakeoverDecision('alpha', 'data'), { ...decision, lost: LOST, lunServedSince: true });
  assert.equal([existsSync(evidence), existsSync(takeover)], [false, false]);
});

test('one of an older version is forgotten, too', () => {
  writeFormer('evidence', { version: 1, degradedSince: 'then' });
  writeFormer('takeovers', decision);
  forgetEvidence('alpha', 'data');
  forgetTakeoverDecision('alpha', 'data');
  assert.equal([readEvidence('alpha', 'data'), readTakeoverDecision('alpha', 'data')], [{ version: 1 }, undefined]);
});

test.run();

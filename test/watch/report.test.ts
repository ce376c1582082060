import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseReport } from '../../src/watch/report.ts';

const report = suite('report');
const LINE =
  '{"arrayState":"active","standbyLegState":"write_mostly,spare","localLegState":"in_sync","syncAction":"recover","syncFraction":0.0634,"syncSpeed_bytes_s":4194304,"sessionLoggedIn":true,"passive":false}';

report('reads a line of the report program', () => {
  const parsed = parseReport(LINE, { receivedAt: '2026-11-22T12:00:00Z' });
  assert.is(parsed?.syncFraction, 0.0634);
  assert.is(parsed?.standbyLegState, 'write_mostly,spare');
  assert.is(parsed?.receivedAt, '2026-11-22T12:00:00Z');
});

report('names its volume; a primary that was enrolled before volumes had names has one', () => {
  assert.is(parseReport(LINE, { receivedAt: 'now' })?.volume, 'data');
  assert.is(parseReport(LINE.replace('{', '{"volume":"home",'), { receivedAt: 'now' })?.volume, 'home');
});

report('takes nothing else for a report', () => {
  for (const line of ['', 'null', '[]', '{}', LINE.slice(0, 60), LINE.replace('true', '"yes"'), 'Connection closed']) {
    assert.is(parseReport(line, { receivedAt: 'now' }), undefined, line);
  }
});

report.run();

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseReport } from '../../src/watch/report.ts';

const report = suite('report');
const LINE =
  '{"arrayState":"active","standbyLegState":"write_mostly,spare","localLegState":"in_sync","syncAction":"recover","syncFraction":0.0634,"syncSpeed_bytes_s":4194304,"sessionLoggedIn":true,"passive":false}';

report('reads a line of the report program', () => {
  const parsed = parseReport(LINE);
  assert.is(parsed?.syncFraction, 0.0634);
  assert.is(parsed?.standbyLegState, 'write_mostly,spare');
  assert.equal([parsed?.question, parsed?.epoch, parsed?.recoveryTimeout_s], [undefined, undefined, undefined]);
  const newer = parseReport(LINE.replace('{', '{"question":5,"epoch":41,"recoveryTimeout_s":12,'));
  assert.equal([newer?.question, newer?.epoch, newer?.recoveryTimeout_s], [5, 41, 12]);
});

report('names its volume; a primary that was enrolled before volumes had names has one', () => {
  assert.is(parseReport(LINE)?.volume, 'data');
  assert.is(parseReport(LINE.replace('{', '{"volume":"home",'))?.volume, 'home');
});

report('takes nothing else for a report', () => {
  for (const line of ['', 'null', '[]', '{}', LINE.slice(0, 60), LINE.replace('true', '"yes"'), 'Connection closed']) {
    assert.is(parseReport(line), undefined, line);
  }
});

report.run();

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { legDefects } from '../../src/mirror/leg-defects.ts';
import { type LegSuperblock, parseSuperblock } from '../../src/mirror/md/superblock.ts';

const leg = (name: string) =>
  parseSuperblock(readFileSync(join(import.meta.dirname, '..', 'fixtures', 'mirror', name)), name);
const whole = leg('insync.sb');

const defects = suite('legDefects');

defects('has none for a leg in sync, nor for one whose array has dropped the other', () => {
  assert.equal(legDefects(whole, whole.mirrorUuid), []);
  const degraded = leg('degraded.sb');
  assert.equal(legDefects(degraded, degraded.mirrorUuid), []);
});

const cases: [string, LegSuperblock, RegExp][] = [
  ['that is being copied', leg('recovering.sb'), /was being resynced/],
  ['with bad blocks', { ...whole, badBlocks: true }, /bad block list/],
  ['that is a spare', (({ role: _role, ...rest }) => ({ ...rest, role: undefined }))(whole), /not an active member/],
  ['of another array', { ...whole, mirrorUuid: '99999999:22222222:33333333:44444444' }, /belongs to the array 9{8}/],
];
for (const [what, superblock, sentence] of cases) {
  defects(`finds a leg ${what}`, () => assert.match(legDefects(superblock, whole.mirrorUuid).join(), sentence));
}

defects.run();

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { giveWay } from '../../src/target/give-way.ts';

const test = suite('give way');

for (const [inherited, own] of [
  [-1000, -500],
  [-900, -500],
  [-500, -500],
  [-499, -499],
  [0, 0],
  [1000, 1000],
]) {
  test(`when memory runs out, of ${inherited} it makes ${own}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'spare-give-way-'));
    try {
      writeFileSync(join(folder, 'oom_score_adj'), `${inherited}\n`);
      giveWay(join(folder, 'oom_score_adj'));
      assert.is(Number(readFileSync(join(folder, 'oom_score_adj'), 'utf8')), own);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

test('where it can not be set that is no reason to end', () => {
  giveWay('/proc/no-such-process/oom_score_adj');
});

test.run();

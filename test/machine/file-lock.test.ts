import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isFileLocked, takeFileLock } from '../../src/machine/file-lock.ts';

const test = suite<{ folder: string; path: string }>('file lock');
test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'spare-lock-'));
  context.path = join(context.folder, 'locks', 'alpha.lock');
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

test('is held by one at a time, who can be named, until it is released', async ({ path }) => {
  assert.is(isFileLocked(path), false);
  const lock = await takeFileLock(path, 'the first');
  if ('heldBy' in lock) throw new Error('It was free');
  assert.is(isFileLocked(path), true);
  assert.equal(await takeFileLock(path, 'the second'), { heldBy: 'the first' });
  await lock.release();
  assert.is(isFileLocked(path), false);
});

test.run();

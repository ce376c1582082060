import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
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
  assert.is(readFileSync(path, 'utf8'), '', 'the next holder is not taken for this one');
});

test('is held on a full disk, too, without a note', async ({ path }) => {
  mkdirSync(dirname(path));
  symlinkSync('/dev/full', path);
  const lock = await takeFileLock(path, 'the first');
  assert.not('heldBy' in lock);
  if (!('heldBy' in lock)) await lock.release();
});

test.run();

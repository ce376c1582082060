import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { paths } from '../../src/config/paths.ts';
import { freeSpace, spaceProblems } from '../../src/status/space.ts';
import { useTemporaryDirectories } from '../fixtures/state-directories.ts';

const space = suite('free space');
let directories: ReturnType<typeof useTemporaryDirectories>;
space.before.each(() => {
  directories = useTemporaryDirectories();
});
space.after.each(() => directories.remove());

space('each file system is asked once, also for a folder that does not exist yet', () => {
  mkdirSync(paths().state, { recursive: true });
  const found = freeSpace(join(paths().state, 'pool'));
  assert.equal(
    found.map(({ path }) => path),
    [paths().state],
  );
  const [{ free_bytes = 0, size_bytes = 0 } = {}] = found;
  assert.ok(free_bytes > 0 && free_bytes <= size_bytes, `${free_bytes} of ${size_bytes}`);
});

space('a file system without blocks has none to run out of', () => {
  // As proc(5).
  const inProc = freeSpace('/proc/self').find(({ path }) => path === '/proc/self');
  assert.equal([inProc?.free_bytes, inProc?.freeInodes], [0, null]);
  assert.equal(spaceProblems(inProc ? [inProc] : []), []);
});

space.run();

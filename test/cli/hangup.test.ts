import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { useTemporaryDirectories } from '../fixtures/state-directories.ts';

const launcher = join(import.meta.dirname, '..', '..', 'bin', 'spare');

const hangup = suite('a terminal that is closed');
let directories: ReturnType<typeof useTemporaryDirectories>;
hangup.before.each(() => {
  directories = useTemporaryDirectories();
});
hangup.after.each(() => directories.remove());

hangup('ends a command as Ctrl-C does, not in the middle of something', async () => {
  const path = join(directories.root, 'disk.img');
  writeFileSync(path, '');
  truncateSync(path, 1 << 20);
  const args = ['serve', '--file', path, '--portal', '127.0.0.1:0', '--no-auth', '--json'];
  const child = execa(launcher, args, { reject: false, timeout: 60_000 });
  child.stdout.once('data', () => child.kill('SIGHUP'));
  const { exitCode, signal } = await child;
  assert.equal([exitCode, signal], [0, undefined]);
});

hangup.run();

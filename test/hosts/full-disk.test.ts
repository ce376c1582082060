import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readRecordFile, writeRecordFile } from '../../src/hosts/record-file.ts';
import { useTemporaryDirectories } from '../fixtures/state-directories.ts';

interface Context {
  folder: string;
  directories: ReturnType<typeof useTemporaryDirectories>;
}
const full = suite<Context>('records on a full disk');
// Only root may mount.
const asRoot = process.getuid?.() === 0 ? full : full.skip;

full.before.each((context) => {
  context.directories = useTemporaryDirectories();
  context.folder = join(context.directories.root, 'small');
  mkdirSync(context.folder);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'small', context.folder]);
});
full.after.each(({ folder, directories }) => {
  execFileSync('umount', [folder]);
  directories.remove();
});

/** Writes until nothing more can be written. */
function fill(folder: string): void {
  assert.throws(() => writeFileSync(join(folder, 'filler'), Buffer.alloc(2 ** 20)), /ENOSPC/);
}

asRoot('a record is changed within the space that it has, and is readable when it becomes shorter', ({ folder }) => {
  const path = join(folder, 'alpha.json');
  for (const durable of [true, false]) {
    writeRecordFile(path, { version: 1, state: 'protected-and-much-longer' } as never);
    fill(folder);
    writeRecordFile(path, { version: 1, state: 'suspect' } as never, { durable });
    assert.equal(readRecordFile(path), { version: 1, state: 'suspect' });
    execFileSync('rm', [join(folder, 'filler')]);
  }
});

asRoot('a record that is new, or does not fit, is refused, and the old one stays as it was', ({ folder }) => {
  const path = join(folder, 'alpha.json');
  writeRecordFile(path, { version: 1 });
  const before = readFileSync(path, 'utf8');
  fill(folder);
  assert.throws(() => writeRecordFile(join(folder, 'beta.json'), { version: 1 }), /ENOSPC/);
  assert.throws(() => writeRecordFile(path, { version: 1, more: 'x'.repeat(5000) } as never), /ENOSPC/);
  assert.is(readFileSync(path, 'utf8'), before);
  assert.equal(readdirSync(folder).sort(), ['alpha.json', 'filler'], 'nothing half written is left');
});

full.run();

import { mkdirSync, mkdtempSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { arrayState, linkMirrorSet, loopsOf, readFileBytes } from '../../src/machine/kernel-files.ts';

interface World {
  root: string;
  sysfs: string;
}
const test = suite<World>('kernel files');
const put = (path: string, content: string) => {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
};

test.before.each((world) => {
  world.root = mkdtempSync(join(tmpdir(), 'spare-kernel-'));
  world.sysfs = join(world.root, 'sys');
});
test.after.each(({ root }) => rmSync(root, { recursive: true }));

test('the state of a set is found through its link', async ({ root, sysfs }) => {
  put(join(root, 'md127'), '');
  symlinkSync('md127', join(root, 'alpha'));
  assert.is(await arrayState(join(root, 'alpha'), sysfs), undefined);
  put(join(sysfs, 'block/md127/md/array_state'), 'readonly\n');
  assert.is(await arrayState(join(root, 'alpha'), sysfs), 'readonly');
  assert.is(await arrayState(join(root, 'beta'), sysfs), undefined);
});

test('a loop device is known by the name of its file, or by the inode behind another name', async ({ root, sysfs }) => {
  const leg = join(root, 'pool/alpha.img');
  put(leg, 'leg');
  symlinkSync('alpha.img', join(root, 'pool/other-name.img'));
  put(join(sysfs, 'block/loop0/loop/backing_file'), `${root}/pool/beta.img\n`);
  put(join(sysfs, 'block/loop1/loop/backing_file'), `${leg}\n`);
  put(join(sysfs, 'block/loop2/loop/backing_file'), `${root}/pool/other-name.img\n`);
  put(join(sysfs, 'block/loop3/loop/backing_file'), `${leg} (deleted)\n`);
  mkdirSync(join(sysfs, 'block/loop4'));
  put(join(sysfs, 'block/vda/size'), '1\n');
  assert.equal(await loopsOf(leg, sysfs), ['/dev/loop1', '/dev/loop2']);
  assert.equal(await loopsOf(join(root, 'pool/other-name.img'), sysfs), ['/dev/loop1', '/dev/loop2']);
  assert.equal(await loopsOf(join(root, 'pool/gamma.img'), sysfs), []);
});

test('a set is linked as soon as it holds the leg, also where udev was faster', async ({ root, sysfs }) => {
  const device = join(root, 'md/alpha');
  mkdirSync(join(sysfs, 'class/block/loop1/holders'), { recursive: true });
  assert.is(await linkMirrorSet(device, '/dev/loop1', sysfs), false);
  mkdirSync(join(sysfs, 'class/block/loop1/holders/md127'));
  assert.is(await linkMirrorSet(device, '/dev/loop1', sysfs), true);
  assert.is(readlinkSync(device), '../md127');
  assert.is(await linkMirrorSet(device, '/dev/loop1', sysfs), true);
});

test('reads what there is of a file', async ({ root }) => {
  put(join(root, 'leg'), '0123456789');
  assert.is((await readFileBytes(join(root, 'leg'), 4, 3)).toString(), '456');
  assert.is((await readFileBytes(join(root, 'leg'), 8, 100)).toString(), '89');
});

test.run();

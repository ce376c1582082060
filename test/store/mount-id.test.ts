import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { mountIdOf } from '../../src/store/mount-id.ts';
import { LoopMount, MAY_MOUNT } from '../fixtures/store/loop-mount.ts';

interface Context {
  root: string;
  sysfs: string;
  leg: string;
}

const test = suite<Context>('mount id');
const asRoot = MAY_MOUNT ? test : test.skip;
const MODULE = join(import.meta.dirname, '../../src/store/mount-id.ts');

test.before.each((context) => {
  context.root = mkdtempSync(join(tmpdir(), 'spare-mount-id-'));
  context.sysfs = join(context.root, 'sys');
  context.leg = join(context.root, 'leg.img');
  writeFileSync(context.leg, '');
});
test.after.each(({ root }) => rmSync(root, { recursive: true }));

/** The device of the leg's file system, as sysfs would show it. */
function putDevice({ sysfs, leg }: Context, name: string): void {
  const { dev } = statSync(leg);
  const folder = join(sysfs, 'dev/block', `${(dev >> 8) & 0xfff}:${(dev & 0xff) | ((dev >> 12) & 0xfff00)}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'uevent'), `MAJOR=8\nMINOR=1\nDEVNAME=${name}\nDEVTYPE=partition\n`);
}

const hex = (value: number) => value.toString(16).padStart(16, '0');

test('is the number of the device, and that of the folder which the file system has in sysfs', (context) => {
  const { leg, sysfs } = context;
  const device = hex(statSync(leg).dev);
  assert.is(mountIdOf(leg, sysfs), device + hex(0));
  putDevice(context, 'sdz1');
  assert.is(mountIdOf(leg, sysfs), device + hex(0));
  const folder = join(sysfs, 'fs/xfs/sdz1');
  mkdirSync(folder, { recursive: true });
  mkdirSync(join(sysfs, 'fs/ext4/sdz2'), { recursive: true });
  const before = mountIdOf(leg, sysfs);
  assert.is(before, device + hex(statSync(folder).ino));
  assert.is(mountIdOf(leg, sysfs), before);
  mkdirSync(`${folder}.new`);
  rmSync(folder, { recursive: true });
  renameSync(`${folder}.new`, folder);
  assert.is.not(mountIdOf(leg, sysfs), before);
});

test('a device whose name has a slash has one with an exclamation mark in sysfs', (context) => {
  const { leg, sysfs } = context;
  putDevice(context, 'cciss/c0d0p1');
  const folder = join(sysfs, 'fs/ext4/cciss!c0d0p1');
  mkdirSync(folder, { recursive: true });
  assert.is(mountIdOf(leg, sysfs), hex(statSync(leg).dev) + hex(statSync(folder).ino));
});

test('is not known of what is not there', ({ root, leg }) => {
  assert.is(mountIdOf(join(root, 'gone')), undefined);
  assert.is(mountIdOf(join(leg, 'below-a-file')), undefined);
});

test('an unreadable path gives no answer', (context) => {
  const { root, leg, sysfs } = context;
  const loop = join(root, 'loop');
  symlinkSync(loop, loop);
  assert.throws(() => mountIdOf(loop), /ELOOP/);
  putDevice(context, 'sdz1');
  // The name of the file system's folder can't be had.
  mkdirSync(join(sysfs, 'fs'));
  symlinkSync('ext4', join(sysfs, 'fs/ext4'));
  assert.throws(() => mountIdOf(leg, sysfs), /ELOOP/);
});

asRoot(
  'of the machine: another one after each mount, the same at another place and in another namespace',
  ({ root }) => {
    const mount = new LoopMount(join(root, 'pool'));
    try {
      const first = mountIdOf(mount.folder);
      assert.is.not(first?.slice(16), hex(0));
      assert.is(mountIdOf(mount.folder), first);
      const elsewhere = join(root, 'elsewhere');
      mkdirSync(elsewhere);
      const print = `import { mountIdOf } from '${MODULE}'; console.log(mountIdOf('${elsewhere}'))`;
      const script = 'mount --bind "$1" "$2" && exec "$3" --input-type=module --eval "$4"';
      const argv = ['-m', 'sh', '-c', script, 'sh', mount.folder, elsewhere, process.execPath, print];
      assert.is(execFileSync('unshare', argv, { encoding: 'utf8', timeout: 20_000 }).trim(), first);
      const device = mountIdOf(mount.device);
      assert.is.not(device?.slice(16), hex(0));
      mount.unmount();
      mount.mount();
      assert.is.not(mountIdOf(mount.folder), first);
      // The loop device was made anew, too.
      assert.is.not(mountIdOf(mount.device), device);
    } finally {
      mount.unmount();
    }
  },
);

test.run();

import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { serviceConfiguration } from '../../src/service/service.ts';
import { hostFixture, standbyFixture, volumeFixture } from '../fixtures/configuration.ts';
import { PrimaryWorld } from './primary-world.ts';

const PASSIVE = 'etc/spare/passive';
const UP = 'service up alpha';
const DOWN = 'service down alpha';

interface Context {
  world: PrimaryWorld;
}
const guard = suite<Context>('guard');
guard.before.each((context) => {
  context.world = new PrimaryWorld();
});
guard.after.each(({ world }) => world.end());

async function serving(world: PrimaryWorld): Promise<void> {
  world.target = 'accepted accepted';
  world.plugLun();
  world.start('guard');
  await world.until(() => world.count(UP) === 1);
}

guard('let in by the standby: serves, with both legs', async ({ world }) => {
  await serving(world);
  const lines = world.log;
  assert.match(lines[0] ?? '', /^iscsiadm --mode node .* --login$/);
  assert.equal(lines.slice(1), [
    'mdadm --assemble --run /dev/md/alpha --uuid=11111111:22222222:33333333:44444444 /dev/disk/by-id/virtio-alpha-data ' +
      '/dev/disk/by-path/ip-10.77.0.10:3260-iscsi-iqn.2026-11.net.spare:lab:alpha-lun-1',
    UP,
  ]);
  assert.is(world.read(PASSIVE), undefined);
});

guard('let in, it waits for the LUN, and then serves with both legs', async ({ world }) => {
  world.target = 'accepted accepted';
  world.start('guard');
  await world.until(() => world.count('--login') === 1);
  await world.rounds(5);
  assert.is(world.count('mdadm'), 0);
  world.plugLun();
  await world.until(() => world.count(UP) === 1);
  assert.match(world.log.find((line) => line.startsWith('mdadm')) ?? '', /-lun-1$/);
  assert.is(world.count('--login'), 1);
});

guard('assembles each volume from its own legs, and then serves once', async ({ world }) => {
  const home = { ...volumeFixture, name: 'home', lun: 2, device: '/dev/md/home', localLeg: '/dev/disk/home' };
  const volumes = [volumeFixture, home];
  const placed = volumes.map((volume) => ({
    ...volume,
    device: join(world.root, volume.device),
    localLeg: join(world.root, volume.localLeg),
  }));
  const text = serviceConfiguration({ ...hostFixture, volumes: placed }, standbyFixture, 'primary');
  world.put('etc/spare/services/alpha.conf', text);
  for (const volume of volumes) world.plugLun(volume);
  world.target = 'accepted accepted';
  world.start('guard');
  await world.until(() => world.count(UP) === 1);
  const legs = world.log.slice(1).map((line) => line.split(' ').filter((word) => /^.dev|^service/.test(word)));
  const lun = '/dev/disk/by-path/ip-10.77.0.10:3260-iscsi-iqn.2026-11.net.spare:lab:alpha-lun-';
  assert.equal(legs, [
    ['/dev/md/alpha', volumeFixture.localLeg, `${lun}1`],
    ['/dev/md/home', '/dev/disk/home', `${lun}2`],
    ['service'],
  ]);
});

guard('refused as replaced: passive for good, service down, nothing assembled', async ({ world }) => {
  world.target = 'refused refused';
  world.start('guard');
  await world.until(() => world.count(DOWN) > 0 && world.read(PASSIVE) !== undefined);
  assert.match(world.read(PASSIVE) ?? '', /^replaced/);
  await world.rounds(20);
  assert.is(world.count(UP), 0);
  assert.is(world.count('mdadm'), 0);
  assert.is(world.count('--login'), 1, 'it does not ask again');
});

guard("a slow login is no proof, whatever iscsiadm's exit code says about the session", async ({ world }) => {
  world.target = 'pending unreachable';
  world.start('guard');
  await world.until(() => world.count('--login') >= 4);
  assert.is(world.count('mdadm'), 0);
  assert.is(world.count(UP), 0);
  world.target = 'pending refused';
  await world.until(() => world.count(DOWN) > 0);
  assert.match(world.read(PASSIVE) ?? '', /^replaced/);
  assert.is(world.count('mdadm'), 0);
  assert.is(world.count(UP), 0);
});

guard('no answer: waits; start-alone serves from the local leg alone', async ({ world }) => {
  world.target = 'unreachable unreachable';
  world.start('guard');
  await world.until(() => world.count('--login') >= 3);
  assert.is(world.count('mdadm'), 0);
  assert.is(world.count(UP), 0);
  assert.is(world.read(PASSIVE), undefined);
  world.put('run/spare/start-alone', '');
  await world.until(() => world.count(UP) === 1);
  const assembled = world.log.filter((line) => line.startsWith('mdadm'));
  assert.equal(assembled, [
    'mdadm --assemble --run /dev/md/alpha --uuid=11111111:22222222:33333333:44444444 /dev/disk/by-id/virtio-alpha-data',
  ]);
});

guard('what serves alone logs in when the standby is back, and needs no leave any more', async ({ world }) => {
  world.target = 'unreachable unreachable';
  world.put('run/spare/start-alone', '');
  world.start('guard');
  await world.until(() => world.count(UP) === 1);
  const logins = world.count('--login');
  await world.until(() => world.count('--discover') >= 5);
  assert.is(world.count('--login'), logins, 'it waits for the standby to answer');
  world.target = 'accepted accepted';
  await world.until(() => world.read('run/spare/start-alone') === undefined);
  assert.is(world.count('--login'), logins + 1);
  assert.is(world.count(UP), 1);
  assert.is(world.count(DOWN), 0);
});

guard('a primary that serves alone stops when it finds that it has been replaced', async ({ world }) => {
  world.target = 'unreachable unreachable';
  world.put('run/spare/start-alone', '');
  world.start('guard');
  await world.until(() => world.count(UP) === 1);
  world.target = 'refused refused';
  await world.until(() => world.count(DOWN) > 0);
  assert.match(world.read(PASSIVE) ?? '', /^replaced/);
});

guard('start-alone does not help a host that is replaced', async ({ world }) => {
  world.target = 'refused refused';
  world.put('run/spare/start-alone', '');
  world.start('guard');
  await world.until(() => world.read(PASSIVE) !== undefined);
  await world.rounds(10);
  assert.is(world.count(UP), 0);
});

guard('frozen and replaced while serving: service down and passive, at once', async ({ world }) => {
  await serving(world);
  world.target = 'refused refused';
  world.sessionState = 'FAILED';
  await world.until(() => world.count('--logout') > 0);
  assert.match(world.read(PASSIVE) ?? '', /^replaced/);
  const lines = world.log;
  assert.ok(lines.indexOf(DOWN) < lines.findIndex((line) => line.includes('--logout')));
  await world.rounds(10);
  assert.is(world.count(UP), 1, 'it does not come up again');
});

guard('a standby that is away while it serves changes nothing', async ({ world }) => {
  await serving(world);
  world.target = 'unreachable unreachable';
  world.sessionState = 'FAILED';
  await world.until(() => world.count('--discover') >= 3);
  assert.is(world.count(DOWN), 0);
  assert.is(world.read(PASSIVE), undefined);
});

guard('held passive by the standby: asks nobody and touches nothing', async ({ world }) => {
  world.target = 'accepted accepted';
  world.put(PASSIVE, 'held passive by the standby\n');
  world.start('guard');
  await world.rounds(20);
  assert.equal(world.log, []);
});

guard(
  'its own record of being replaced is carried out again: it may have been killed before all was down',
  async ({ world }) => {
    world.target = 'refused refused';
    world.put(PASSIVE, 'replaced by the standby\n');
    world.start('guard');
    await world.until(() => world.count('--logout') > 0);
    assert.is(world.log[0], DOWN);
    assert.is(world.count('--login'), 0);
  },
);

guard.run();

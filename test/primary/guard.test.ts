import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { serviceConfiguration } from '../../src/service/service.ts';
import { hostFixture, standbyFixture, volumeFixture } from '../fixtures/configuration.ts';
import { PrimaryWorld } from './primary-world.ts';

const PASSIVE = 'etc/spare/passive';
const FILL = 'etc/spare/fill';
const TOLD = 'run/spare/ownership/data';
const RECOVERY = 'sys/class/iscsi_session/session7/recovery_tmo';
const ADDRESS_DOWN = 'service address-down alpha';
const UP = 'service up alpha';
const DOWN = 'service down alpha';
const LOCAL_LEG = '/dev/disk/by-id/virtio-alpha-data';
const LUN = '/dev/disk/by-path/ip-10.77.0.10:3260-iscsi-iqn.2026-11.net.spare:lab:alpha-lun-1';

interface Context {
  world: PrimaryWorld;
}
const guard = suite<Context>('guard');
guard.before.each((context) => {
  context.world = new PrimaryWorld();
});
guard.after.each(({ world }) => world.end());

/** The legs of each assembly. */
function assembled(world: PrimaryWorld): string[][] {
  return world.log.filter((line) => line.startsWith('mdadm --assemble')).map((line) => line.split(' ').slice(5));
}

/** The array runs from now on. */
function assemble(world: PrimaryWorld): void {
  world.block(volumeFixture.device);
}

async function serving(world: PrimaryWorld): Promise<void> {
  world.target = 'accepted accepted';
  world.plugLun('pair');
  world.start('guard');
  await world.until(() => world.count(UP) === 1);
}

guard('let in by the standby, and both legs have everything: serves, with both legs', async ({ world }) => {
  await serving(world);
  const lines = world.log;
  assert.match(lines[0] ?? '', /^iscsiadm --mode node .* --login$/);
  assert.equal(lines.slice(1), [
    `mdadm --assemble --run /dev/md/alpha --uuid=11111111:22222222:33333333:44444444 ${LOCAL_LEG} ${LUN}`,
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
  world.plugLun('pair');
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
  for (const volume of volumes) world.plugLun('pair', volume);
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

guard('the primary owns the volume: its own leg alone', async ({ world }) => {
  world.target = 'accepted accepted';
  world.plugLun('primary');
  world.start('guard');
  await world.until(() => world.count(UP) === 1);
  assert.equal(assembled(world), [[LOCAL_LEG]]);
  assert.is(world.read(RECOVERY)?.trim(), '12');
});

guard(
  'after a failback: the LUN alone, with the timer out of reach, and a mark that outlives a restart',
  async ({ world }) => {
    world.target = 'accepted accepted';
    world.plugLun('fill');
    world.start('guard');
    await world.until(() => world.count(UP) === 1);
    assert.equal(assembled(world), [[LUN]]);
    assert.is(world.read(RECOVERY)?.trim(), '7200');
    assert.ok(world.read(FILL));
    const order = ['sync /etc/spare/fill', 'mdadm --assemble'].map((text) =>
      world.log.findIndex((line) => line.startsWith(text)),
    );
    assert.ok((order[0] ?? -1) >= 0 && (order[0] ?? 0) < (order[1] ?? 0), world.log.join('\n'));
  },
);

for (const owner of ['standby', 'unknown'] as const) {
  guard(`owner ${owner}: nothing is assembled, and each question is a login of its own`, async ({ world }) => {
    world.target = 'accepted accepted';
    world.plugLun(owner);
    world.start('guard');
    await world.until(() => world.count('--login') >= 3);
    assert.equal([assembled(world), world.count(UP), world.count(DOWN)], [[], 0, 0]);
    assert.ok(world.count('--logout') >= 2);
    assert.is(world.read(PASSIVE), undefined);
    world.plugLun('primary');
    await world.until(() => world.count(UP) === 1);
    assert.equal(assembled(world), [[LOCAL_LEG]]);
  });
}

guard(
  'a local leg that is incomplete is not used, whatever the record or the administrator says',
  async ({ world }) => {
    world.put(FILL, 'the local leg is not complete\n');
    world.put('run/spare/start-alone', '');
    world.target = 'unreachable unreachable';
    world.plugLun('primary');
    world.start('guard');
    await world.until(() => world.count('--login') >= 3);
    assert.equal(assembled(world), []);
    world.target = 'accepted accepted';
    await world.until(() => world.count('--logout') >= 2);
    assert.equal(assembled(world), []);
    world.plugLun('pair');
    await world.until(() => world.count(UP) === 1);
    assert.equal(assembled(world), [[LOCAL_LEG, LUN]]);
    assert.is(world.read(FILL), undefined);
  },
);

guard('what an older login told is not used: it logs in anew', async ({ world }) => {
  world.target = 'accepted accepted';
  world.plugLun('pair');
  world.put('sys/class/iscsi_session/session7/targetname', 'iqn.2026-11.net.spare:lab:alpha\n');
  world.sessionState = 'LOGGED_IN';
  world.start('guard');
  await world.until(() => world.count(UP) === 1);
  assert.equal(
    world.log.slice(0, 2).map((line) => line.split(' ').at(-1)),
    ['--logout', '--login'],
  );
});

guard(
  'an array that runs already is served, once the target has said that this host is not replaced',
  async ({ world }) => {
    assemble(world);
    world.put('sys/class/iscsi_session/session7/targetname', 'iqn.2026-11.net.spare:lab:alpha\n');
    world.sessionState = 'LOGGED_IN';
    world.target = 'accepted unreachable';
    world.start('guard');
    await world.until(() => world.count('--discover') >= 3);
    assert.is(world.count(UP), 0);
    world.target = 'accepted accepted';
    await world.until(() => world.count(UP) === 1);
    assert.equal([assembled(world), world.count('--login')], [[], 0]);
  },
);

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

guard('nothing holds the address up: neither a disk that hangs, nor a service that does not end', async ({ world }) => {
  await serving(world);
  world.put('disk-hangs', '');
  world.put('service-hangs', '');
  world.target = 'refused refused';
  world.sessionState = 'FAILED';
  await world.until(() => world.count(DOWN) > 0 && world.count('sync /etc/spare/passive') > 0);
  const lines = world.log;
  const address = lines.indexOf(ADDRESS_DOWN);
  assert.ok(address >= 0 && address < lines.indexOf('sync /etc/spare/passive') && address < lines.indexOf(DOWN));
  assert.match(world.read(PASSIVE) ?? '', /^replaced/);
});

guard('told that the standby owns its volume: asks at once, although the session seems to be up', async ({ world }) => {
  await serving(world);
  assemble(world);
  assert.is(world.count('--discover'), 0);
  world.put(TOLD, '8 standby 12\n');
  await world.until(() => world.count('--discover') >= 2);
  assert.is(world.count(DOWN), 0, 'it is the target that decides');
  world.target = 'accepted refused';
  await world.until(() => world.count('--logout') > 0);
  assert.match(world.read(PASSIVE) ?? '', /^replaced/);
});

guard('asks with little patience first: the lease runs', async ({ world }) => {
  await serving(world);
  world.target = 'unreachable unreachable';
  world.sessionState = 'FAILED';
  const patience = () => (world.read('patience') ?? '').split('\n').slice(0, -1);
  await world.until(() => patience().length >= 7);
  assert.equal(patience().slice(0, 7), ['2', '4', '6', '8', '10', '10', '10']);
  world.target = 'unreachable accepted';
  await world.until(() => patience().at(-1) === '2');
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
    assert.equal(world.log.slice(0, 1), [ADDRESS_DOWN]);
    assert.is(world.count('--login'), 0);
  },
);

guard.run();

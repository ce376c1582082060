import type { ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { VolumeConfiguration } from '../../src/config/schema.ts';
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

/** The host has these volumes. */
function enroll(world: PrimaryWorld, volumes: readonly VolumeConfiguration[]): void {
  const placed = volumes.map((volume) => ({
    ...volume,
    device: join(world.root, volume.device),
    localLeg: join(world.root, volume.localLeg),
  }));
  const text = serviceConfiguration({ ...hostFixture, volumes: placed }, standbyFixture, 'primary');
  world.put('etc/spare/services/alpha.conf', text);
  for (const { localLeg } of volumes) world.block(localLeg);
}

async function serving(world: PrimaryWorld): Promise<void> {
  world.target = 'accepted accepted';
  world.plugLun('pair');
  world.start('guard');
  await world.until(() => world.count(UP) === 1);
}

/** What a program has said so far. */
function heardFrom(child: ChildProcess): () => string {
  let said = '';
  child.stderr?.on('data', (data) => {
    said += data;
  });
  return () => said;
}

/** It serves from its own leg alone. */
async function alone(world: PrimaryWorld): Promise<void> {
  world.put('run/spare/start-alone', '');
  world.start('guard');
  await world.until(() => world.count('--login') > 0);
  world.bootTime_s = 2000;
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
  enroll(world, volumes);
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
    assert.is(world.read(FILL), 'data 7\n');
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
  'a local leg that is incomplete is not used alone, whatever the administrator says, until the record says that it is complete',
  async ({ world }) => {
    world.put(FILL, 'data 5\n');
    world.put('run/spare/start-alone', '');
    world.target = 'unreachable unreachable';
    world.start('guard');
    await world.until(() => world.count('--login') >= 1);
    world.bootTime_s = 2000;
    await world.rounds(5);
    assert.equal(assembled(world), []);
    world.plugLun('primary');
    world.target = 'accepted accepted';
    await world.until(() => world.count(UP) === 1);
    assert.equal(assembled(world), [[LOCAL_LEG]]);
    assert.is(world.read(FILL), undefined);
  },
);

guard(
  'of two volumes one is incomplete: the mark names it, and the timer is out of reach for both',
  async ({ world }) => {
    const home = { ...volumeFixture, name: 'home', lun: 2, device: '/dev/md/home', localLeg: '/dev/disk/home' };
    enroll(world, [volumeFixture, home]);
    world.plugLun('fill', volumeFixture, 9);
    world.plugLun('primary', home, 4);
    world.target = 'accepted accepted';
    world.put(FILL, 'data 5\nhome 3\n');
    world.start('guard');
    await world.until(() => world.count(UP) === 1);
    assert.equal(assembled(world), [[LUN], ['/dev/disk/home']]);
    assert.is(world.read(FILL), 'data 9\n');
    assert.is(world.read(RECOVERY)?.trim(), '7200');
  },
);

guard(
  'mdadm leaves out a leg of a pair: nothing is served, and a new login asks who owns it then',
  async ({ world }) => {
    world.put('left-out', '');
    world.target = 'accepted accepted';
    world.plugLun('pair');
    world.start('guard');
    await world.until(() => world.count('mdadm --stop') > 0 && world.count('--logout') > 0);
    assert.is(world.count(UP), 0);
    world.plugLun('primary');
    await world.until(() => world.count(UP) === 1);
    assert.equal(assembled(world).at(-1), [LOCAL_LEG]);
  },
);

guard('the local leg of a pair is missing: it waits, and keeps its session', async ({ world }) => {
  rmSync(join(world.root, LOCAL_LEG));
  world.target = 'accepted accepted';
  world.plugLun('pair');
  world.start('guard');
  await world.until(() => world.count('--login') === 1);
  await world.rounds(5);
  assert.equal([assembled(world), world.count('--logout')], [[], 0]);
  world.block(LOCAL_LEG);
  await world.until(() => world.count(UP) === 1);
});

guard('killed before it had looked at its array: it is stopped, and assembled again', async ({ world }) => {
  assemble(world);
  world.put('run/spare/unchecked', '');
  world.put('sys/class/iscsi_session/session7/targetname', 'iqn.2026-11.net.spare:lab:alpha\n');
  world.sessionState = 'LOGGED_IN';
  world.target = 'accepted accepted';
  world.plugLun('pair');
  world.start('guard');
  await world.until(() => world.count(UP) === 1);
  const did = world.log.map((line) => /mdadm --\w+|--log\w+|service up/.exec(line)?.[0]);
  assert.equal(did, ['mdadm --stop', '--logout', '--login', 'mdadm --assemble', 'service up']);
  assert.is(world.read('run/spare/unchecked'), undefined);
});

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

guard('refused as replaced: passive, service down, nothing assembled', async ({ world }) => {
  world.target = 'refused refused';
  world.start('guard');
  await world.until(() => world.count(DOWN) > 0 && world.read(PASSIVE) !== undefined);
  assert.match(world.read(PASSIVE) ?? '', /^replaced/);
  await world.rounds(20);
  assert.is(world.count(UP), 0);
  assert.is(world.count('mdadm'), 0);
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
  world.bootTime_s = 1012;
  await world.rounds(5);
  assert.is(world.count('mdadm'), 0, 'the standby may count on the pair for as long as the lease');
  world.bootTime_s = 1013;
  await world.until(() => world.count(UP) === 1);
  const assembled = world.log.filter((line) => line.startsWith('mdadm'));
  assert.equal(assembled, [
    'mdadm --assemble --run /dev/md/alpha --uuid=11111111:22222222:33333333:44444444 /dev/disk/by-id/virtio-alpha-data',
  ]);
});

guard('start-alone waits for the lease of the last session, and longest where it is not known', async ({ world }) => {
  world.put('run/spare/start-alone', '');
  world.put('etc/iscsi/nodes/iqn.2026-11.net.spare:lab:alpha/10.77.0.10,3260,1/default', '');
  world.target = 'accepted accepted';
  world.start('guard');
  await world.until(() => world.count('--login') > 0);
  world.bootTime_s = 1100;
  await world.rounds(3);
  world.target = 'unreachable unreachable';
  world.sessionState = 'FAILED';
  await world.rounds(2);
  world.bootTime_s = 1160;
  await world.rounds(5);
  assert.is(world.count('mdadm'), 0);
  world.bootTime_s = 1161;
  await world.until(() => world.count(UP) === 1);
});

guard('what serves alone logs in when the standby is back, and needs no leave any more', async ({ world }) => {
  world.target = 'unreachable unreachable';
  await alone(world);
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
  await alone(world);
  world.target = 'refused refused';
  await world.until(() => world.count(DOWN) > 0);
  assert.match(world.read(PASSIVE) ?? '', /^replaced/);
});

guard('start-alone does not help a host that is replaced', async ({ world }) => {
  world.target = 'refused refused';
  world.put('run/spare/start-alone', '');
  world.start('guard');
  await world.until(() => world.read(PASSIVE) !== undefined);
  world.bootTime_s = 2000;
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
  },
);

for (const owner of ['pair', 'primary', 'fill'] as const) {
  guard(`passive of its own, and let in again, and the owner is ${owner}: serves again`, async ({ world }) => {
    world.target = 'refused refused';
    world.put(PASSIVE, 'replaced by the standby\n');
    world.plugLun('standby');
    world.start('guard');
    await world.until(() => world.count('--login') >= 2);
    world.target = 'accepted accepted';
    await world.until(() => world.count('--logout') >= 2);
    assert.equal([assembled(world), world.read(PASSIVE) !== undefined], [[], true]);
    world.plugLun(owner);
    await world.until(() => world.count(UP) === 1);
    assert.is(world.read(PASSIVE), undefined);
    assert.equal(assembled(world), [{ pair: [LOCAL_LEG, LUN], primary: [LOCAL_LEG], fill: [LUN] }[owner]]);
  });
}

guard(
  'passive of its own, and the standby is gone: start-alone does not help, and it says what does',
  async ({ world }) => {
    world.target = 'unreachable unreachable';
    world.put(PASSIVE, 'replaced by the standby\n');
    world.put('run/spare/start-alone', '');
    const said = heardFrom(world.start('guard'));
    await world.until(() => world.count('--discover') >= 1);
    world.bootTime_s = 2000;
    await world.until(() => said().includes(`rm ${world.root}/${PASSIVE}; touch`));
    assert.is(world.count(UP), 0);
    rmSync(join(world.root, PASSIVE));
    await world.until(() => world.count(UP) === 1);
  },
);

for (const [what, change] of Object.entries({
  'a local leg is incomplete': (world: PrimaryWorld) => world.put(FILL, 'data 7\n'),
  'the lease is not over': (world: PrimaryWorld) => {
    world.bootTime_s = 1012;
  },
  'the writes have a limit': (world: PrimaryWorld) => world.put(RECOVERY, '12\n'),
})) {
  guard(`a broken session on which writes wait without limit is ended, but not if ${what}`, async ({ world }) => {
    await serving(world);
    world.put(RECOVERY, '7200\n');
    world.target = 'unreachable unreachable';
    world.sessionState = 'FAILED';
    await world.rounds(2);
    world.bootTime_s = 1013;
    change(world);
    await world.rounds(2);
    const asked = world.count('--discover');
    await world.until(() => world.count('--discover') >= asked + 3);
    assert.is(world.count('--logout'), 0);
    world.bootTime_s = 1013;
    world.put(RECOVERY, '7200\n');
    rmSync(join(world.root, FILL), { force: true });
    await world.until(() => world.count('--logout') === 1);
    assert.is(world.count(DOWN), 0);
    world.target = 'accepted accepted';
    await world.until(() => world.count('--login') === 2);
  });
}

guard.run();

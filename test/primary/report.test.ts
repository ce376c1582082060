import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { serviceConfiguration } from '../../src/service/service.ts';
import { parseReport } from '../../src/watch/report.ts';
import { hostFixture, standbyFixture, volumeFixture } from '../fixtures/configuration.ts';
import { PrimaryWorld } from './primary-world.ts';

const AT = '2026-11-22T12:00:00.000Z';
const SESSION = 'sys/class/iscsi_session/session7';

interface Context {
  world: PrimaryWorld;
}
const report = suite<Context>('report');
report.before.each((context) => {
  context.world = new PrimaryWorld();
});
report.after.each(({ world }) => world.end());

/** The next line of the program, read as the watch reads it. */
async function nextReport(world: PrimaryWorld) {
  const child = world.start('report', 'alpha');
  if (!child.stdout) throw new Error('The program has no output');
  for await (const line of createInterface({ input: child.stdout })) {
    child.kill();
    const parsed = parseReport(line, { receivedAt: AT });
    assert.ok(parsed, `no report: ${line}`);
    return parsed;
  }
  throw new Error('The program printed nothing');
}

/** @returns Where the set's files are. */
function runMirror(world: PrimaryWorld, files: Record<string, string>): void {
  const name = world.block('dev/md/alpha');
  for (const [file, content] of Object.entries(files)) world.put(`sys/block/${name}/md/${file}`, `${content}\n`);
}

report('a machine on which nothing runs', async ({ world }) => {
  world.put('etc/spare/passive', 'held\n');
  assert.equal(await nextReport(world), {
    receivedAt: AT,
    volume: 'data',
    arrayState: 'missing',
    standbyLegState: 'missing',
    localLegState: 'missing',
    syncAction: 'idle',
    sessionLoggedIn: false,
    passive: true,
  });
});

report('a set in sync, with its session', async ({ world }) => {
  const localLeg = world.block(volumeFixture.localLeg);
  runMirror(world, {
    array_state: 'clean',
    sync_action: 'idle',
    'dev-the-lun/state': 'in_sync,write_mostly',
    [`dev-${localLeg}/state`]: 'in_sync',
  });
  world.put(`${SESSION}/targetname`, 'iqn.2026-11.net.spare:lab:alpha\n');
  world.sessionState = 'LOGGED_IN';
  assert.equal(await nextReport(world), {
    receivedAt: AT,
    volume: 'data',
    arrayState: 'clean',
    standbyLegState: 'in_sync,write_mostly',
    localLegState: 'in_sync',
    syncAction: 'idle',
    sessionLoggedIn: true,
    passive: false,
  });
});

report('a running resync reports its progress and speed', async ({ world }) => {
  runMirror(world, {
    array_state: 'active',
    sync_action: 'recover',
    sync_completed: '131072 / 524288',
    sync_speed: '2048',
    'dev-sda/state': 'spare,write_mostly',
  });
  const { syncAction, syncFraction, syncSpeed_bytes_s, standbyLegState } = await nextReport(world);
  assert.equal(
    { syncAction, syncFraction, syncSpeed_bytes_s, standbyLegState },
    {
      syncAction: 'recover',
      syncFraction: 0.25,
      syncSpeed_bytes_s: 2048 * 1024,
      standbyLegState: 'spare,write_mostly',
    },
  );
});

report('a copy that is delayed has no fraction, one that is done has 1', async ({ world }) => {
  runMirror(world, { array_state: 'active', sync_action: 'recover', sync_completed: 'delayed', sync_speed: 'none' });
  assert.is((await nextReport(world)).syncFraction, undefined);
  runMirror(world, { sync_completed: '524288 / 524288' });
  assert.is((await nextReport(world)).syncFraction, 1);
});

report('a session of another target, or one that is broken, is none', async ({ world }) => {
  world.put(`${SESSION}/targetname`, 'iqn.2026-11.net.spare:lab:beta\n');
  world.sessionState = 'LOGGED_IN';
  assert.is((await nextReport(world)).sessionLoggedIn, false);
  world.put(`${SESSION}/targetname`, 'iqn.2026-11.net.spare:lab:alpha\n');
  world.sessionState = 'FAILED';
  assert.is((await nextReport(world)).sessionLoggedIn, false);
});

report('of several sessions with the target, one that is logged in counts', async ({ world }) => {
  for (const [name, state] of Object.entries({ session3: 'FAILED', session7: 'LOGGED_IN', session9: 'FREE' })) {
    world.put(`sys/class/iscsi_session/${name}/targetname`, 'iqn.2026-11.net.spare:lab:alpha\n');
    world.put(`sys/class/iscsi_session/${name}/state`, `${state}\n`);
  }
  assert.is((await nextReport(world)).sessionLoggedIn, true);
});

/** The lines of the program, read as the watch reads them, until there are as many. */
async function nextReports(world: PrimaryWorld, count: number) {
  const child = world.start('report', 'alpha');
  if (!child.stdout) throw new Error('The program has no output');
  const reports = [];
  for await (const line of createInterface({ input: child.stdout })) {
    reports.push(parseReport(line, { receivedAt: AT }));
    if (reports.length === count) break;
  }
  child.kill();
  return reports;
}

report('of several volumes each has a line of its own', async ({ world }) => {
  const home = { ...volumeFixture, name: 'home', lun: 2, device: '/dev/md/home', localLeg: '/dev/disk/home' };
  const volumes = [volumeFixture, home].map((volume) => ({
    ...volume,
    device: join(world.root, volume.device),
    localLeg: join(world.root, volume.localLeg),
  }));
  const text = serviceConfiguration({ ...hostFixture, volumes }, standbyFixture, 'primary');
  world.put('etc/spare/services/alpha.conf', text);
  runMirror(world, { array_state: 'clean', sync_action: 'idle' });
  const seen = (await nextReports(world, 4)).map((each) => `${each?.volume} ${each?.arrayState}`);
  assert.equal(seen, ['data clean', 'home missing', 'data clean', 'home missing']);
});

report('a configuration from before volumes had names is of one', async ({ world }) => {
  const device = join(world.root, volumeFixture.device);
  const old = [
    'SPARE_HOST=alpha',
    'SPARE_ROLE=primary',
    `SPARE_DEVICE=${device}`,
    `SPARE_LOCAL_LEG=${join(world.root, volumeFixture.localLeg)}`,
    'SPARE_IQN=iqn.2026-11.net.spare:lab:alpha',
    'SPARE_PORTAL=10.77.0.10:3260',
  ];
  world.put('etc/spare/services/alpha.conf', `${old.join('\n')}\n`);
  runMirror(world, { array_state: 'clean', sync_action: 'idle' });
  const { volume, arrayState } = await nextReport(world);
  assert.equal([volume, arrayState], ['data', 'clean']);
});

report.run();

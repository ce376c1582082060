import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { serviceConfiguration } from '../../src/service/service.ts';
import { parseReport } from '../../src/watch/report.ts';
import { hostFixture, standbyFixture, volumeFixture } from '../fixtures/configuration.ts';
import { PrimaryWorld } from './primary-world.ts';

const QUESTION = '4;data 7 pair 12';
const FILL = 'etc/spare/fill';
const NODE = 'etc/iscsi/nodes/iqn.2026-11.net.spare:lab:alpha/10.77.0.10,3260,1/default';
const SESSION = 'sys/class/iscsi_session/session7';

interface Context {
  world: PrimaryWorld;
}
const report = suite<Context>('report');
report.before.each((context) => {
  context.world = new PrimaryWorld();
});
report.after.each(({ world }) => world.end());

/** The lines of the program, read as the watch reads them, until there are as many. */
async function answers(world: PrimaryWorld, questions: readonly string[], count: number) {
  const child = world.start('report', 'alpha');
  if (!child.stdout || !child.stdin) throw new Error('The program has no input or output');
  child.stdin.write(questions.map((question) => `${question}\n`).join(''));
  const reports = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const parsed = parseReport(line);
    assert.ok(parsed, `no report: ${line}`);
    reports.push(parsed);
    if (reports.length === count) break;
  }
  // What follows from an answer comes after it: the program ends when it is not asked any more.
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.stdin.end();
  await ended;
  return reports;
}

/** The answer to one question about one volume. */
async function nextReport(world: PrimaryWorld, question = QUESTION) {
  const [report] = await answers(world, [question], 1);
  if (!report) throw new Error('The program printed nothing');
  return report;
}

/** A session with the standby. */
function logIn(world: PrimaryWorld, state = 'LOGGED_IN'): void {
  world.put(`${SESSION}/targetname`, 'iqn.2026-11.net.spare:lab:alpha\n');
  world.put(`${SESSION}/recovery_tmo`, '120\n');
  world.sessionState = state;
}

function timerOf(world: PrimaryWorld): string | undefined {
  return world.read(`${SESSION}/recovery_tmo`)?.trim();
}

/** @returns Where the set's files are. */
function runMirror(world: PrimaryWorld, files: Record<string, string>): void {
  const name = world.block('dev/md/alpha');
  for (const [file, content] of Object.entries(files)) world.put(`sys/block/${name}/md/${file}`, `${content}\n`);
}

/** The host has a second volume. */
function enrollTwo(world: PrimaryWorld) {
  const home = { ...volumeFixture, name: 'home', lun: 2, device: '/dev/md/home', localLeg: '/dev/disk/home' };
  const volumes = [volumeFixture, home].map((volume) => ({
    ...volume,
    device: join(world.root, volume.device),
    localLeg: join(world.root, volume.localLeg),
  }));
  const text = serviceConfiguration({ ...hostFixture, volumes }, standbyFixture, 'primary');
  world.put('etc/spare/services/alpha.conf', text);
  return [volumeFixture, home];
}

/** Both arrays run, with everything on their local legs. */
function runVolumes(world: PrimaryWorld): void {
  for (const { device, localLeg } of enrollTwo(world)) {
    const md = `sys/block/${world.block(device)}/md`;
    world.put(`${md}/array_state`, 'clean\n');
    world.put(`${md}/dev-${world.block(localLeg)}/state`, 'in_sync\n');
  }
}

report('a machine on which nothing runs', async ({ world }) => {
  world.put('etc/spare/passive', 'held\n');
  assert.equal(await nextReport(world), {
    question: 4,
    epoch: 7,
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
  logIn(world);
  assert.equal(await nextReport(world), {
    question: 4,
    epoch: 7,
    volume: 'data',
    arrayState: 'clean',
    standbyLegState: 'in_sync,write_mostly',
    localLegState: 'in_sync',
    syncAction: 'idle',
    sessionLoggedIn: true,
    recoveryTimeout_s: 12,
    passive: false,
  });
});

report('answers each question with its number and epoch, and ends with the questions', async ({ world }) => {
  const seen = await answers(world, ['1;data 7 pair 12', 'what?', '', '2;data 8 primary 12', '3;other 9 pair 12'], 3);
  assert.equal(
    seen.map(({ question, epoch }) => [question, epoch]),
    [
      [1, 7],
      [2, 8],
      [3, undefined],
    ],
  );
});

report('keeps what it was told of each volume', async ({ world }) => {
  await nextReport(world, '1;home 3 fill 20;data 8 standby 12');
  assert.is(world.read('run/spare/ownership/data'), '8 standby 12\n');
  assert.is(world.read('run/spare/ownership/home'), undefined);
});

report('answers where it cannot keep what it was told', async ({ world }) => {
  world.put('run/spare/ownership', 'a file where its folder should be\n');
  assert.is((await nextReport(world)).epoch, 7);
});

for (const [owner, wanted] of [
  ['pair', '12'],
  ['primary', '12'],
  ['fill', '7200'],
  ['standby', '120'],
  ['unknown', '120'],
] as const) {
  report(`told ${owner}: writes wait for ${wanted} s for a lost standby`, async ({ world }) => {
    logIn(world);
    const { recoveryTimeout_s } = await nextReport(world, `1;data 7 ${owner} 12`);
    assert.equal([timerOf(world), recoveryTimeout_s], [wanted, Number(wanted)]);
  });
}

report('leaves the timer of a session that is down, and one that is off is no number', async ({ world }) => {
  logIn(world, 'FAILED');
  assert.is((await nextReport(world)).recoveryTimeout_s, undefined);
  assert.is(timerOf(world), '120');
  logIn(world);
  world.put(`${SESSION}/recovery_tmo`, 'off\n');
  assert.is((await nextReport(world, '1;data 7 standby 12')).recoveryTimeout_s, undefined);
});

for (const [what, told, state, isKept] of [
  ['both legs have everything', '8 pair', 'in_sync', false],
  ['the primary has gone on alone since', '8 primary', 'in_sync', false],
  ['the question is from before the failback', '7 pair', 'in_sync', true],
  ['the record says fill', '8 fill', 'in_sync', true],
  ['the array is still resyncing it', '8 pair', 'spare', true],
  ['its leg has failed', '8 pair', 'faulty,in_sync', true],
  ['the standby owns the volume', '8 standby', 'in_sync', true],
] as const) {
  report(`${isKept ? 'keeps' : 'removes'} the mark of an incomplete local leg: ${what}`, async ({ world }) => {
    const localLeg = world.block(volumeFixture.localLeg);
    runMirror(world, { array_state: 'clean', sync_action: 'idle', [`dev-${localLeg}/state`]: state });
    world.put(FILL, 'data 7\n');
    await nextReport(world, `1;data ${told} 12`);
    assert.is(world.read(FILL) !== undefined, isKept);
  });
}

report('a question from before the failback leaves the timer', async ({ world }) => {
  world.put(FILL, 'data 7\n');
  for (const [told, seconds] of [
    ['7 pair', '7200'],
    ['6 primary', '7200'],
    ['8 primary', '12'],
  ]) {
    logIn(world);
    world.put(`${SESSION}/recovery_tmo`, '7200\n');
    await nextReport(world, `1;data ${told} 12`);
    assert.is(timerOf(world), seconds, told);
  }
});

report(
  'while one volume is incomplete, the timer of all stays out of reach, and so does the mark',
  async ({ world }) => {
    for (const [told, seconds, isKept] of [
      ['data 8 pair 12;home 4 fill 12', '7200', true],
      ['data 8 fill 12;home 4 primary 12', '7200', true],
      ['data 8 pair 12;home 3 pair 12', '7200', true],
      ['data 8 pair 12;home 4 standby 12', '7200', true],
      ['data 8 pair 12', '7200', true],
      ['data 8 pair 12;home 4 primary 12', '12', false],
    ] as const) {
      runVolumes(world);
      logIn(world);
      world.put(`${SESSION}/recovery_tmo`, '7200\n');
      world.put(FILL, 'data 7\nhome 3\n');
      const [data] = await answers(world, [`1;${told}`], 2);
      assert.equal(
        [timerOf(world), data?.recoveryTimeout_s, world.read(FILL) !== undefined],
        [seconds, Number(seconds), isKept],
        told,
      );
    }
  },
);

report('a longer timer stays while the initiator has it on record: the lease follows', async ({ world }) => {
  logIn(world);
  world.put(`${SESSION}/recovery_tmo`, '30\n');
  world.put(NODE, 'node.session.timeo.replacement_timeout = 30\n');
  await nextReport(world);
  assert.is(timerOf(world), '30');
  world.put(`${SESSION}/recovery_tmo`, '7200\n');
  await nextReport(world);
  assert.is(timerOf(world), '30');
  world.put(NODE, 'node.session.timeo.replacement_timeout = 12\n');
  await nextReport(world);
  assert.is(timerOf(world), '12');
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

report('of several volumes each has a line of its own', async ({ world }) => {
  enrollTwo(world);
  runMirror(world, { array_state: 'clean', sync_action: 'idle' });
  const question = '1;home 3 primary 12;data 7 pair 12';
  const seen = (await answers(world, [question, question], 4)).map(
    ({ volume, epoch, arrayState }) => `${volume} ${epoch} ${arrayState}`,
  );
  assert.equal(seen, ['data 7 clean', 'home 3 missing', 'data 7 clean', 'home 3 missing']);
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

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checkEnrollOptions, type EnrollOptions } from '../../../src/operations/enroll/enroll-options.ts';
import { rootAccessStep, rootAccessText } from '../../../src/operations/enroll/root-access.ts';
import { RecordingMachine } from '../recording-machine.ts';
import { TakeoverWorld } from '../takeover-world.ts';

const test = suite('who may write in a new volume');

async function run(wanted: { owner?: string; mode?: string }) {
  const world = new TakeoverWorld();
  await world.begin();
  try {
    const machine = new RecordingMachine('alpha', ([program]) => ({
      exitCode: 0,
      stdout: program === 'stat' ? '1000:100 2775\n' : '',
      stderr: '',
    }));
    const found = { owner: '', mode: '' };
    const step = rootAccessStep({ ...world.context, primaryMachine: machine }, wanted, found);
    await step.run(() => {});
    return { found, commands: machine.commands.map((argv) => argv.join(' ')), shown: step.commandLines };
  } finally {
    await world.end();
  }
}

test('owner and mode are set as wanted, as the plan shows it, and then read', async () => {
  const { found, commands, shown } = await run({ owner: '1000:100', mode: '2775' });
  assert.equal(commands.slice(0, 2), ['chown 1000:100 /srv/alpha', 'chmod 2775 /srv/alpha']);
  assert.is(commands.length, 3);
  assert.equal(shown.slice(0, 2), commands.slice(0, 2));
  assert.equal(found, { owner: '1000:100', mode: '2775' });
});

test('without a wish nothing is changed', async () => {
  const { found, commands } = await run({});
  assert.is(commands.length, 1);
  assert.match(commands[0] ?? '', /^stat /);
  assert.equal(found, { owner: '1000:100', mode: '2775' });
});

const onHost = (line: string) => `ssh alpha ${line}`;
const text = (owner: string, mode: string, options = 'rw') =>
  rootAccessText({ owner, mode }, '/srv/alpha', options, onHost);

test('at the end it is said who may write, and how to change it', () => {
  assert.match(text('0:0', '755'), /no client can write yet.*run: ssh alpha chown UID:GID \/srv\/alpha$/);
  assert.match(text('0:0', '755', 'rw,no_root_squash'), /only root can write there/);
  for (const [owner, mode] of [
    ['1000:1000', '755'],
    ['0:0', '1777'],
    ['0:100', '775'],
  ] as const) {
    assert.match(text(owner, mode), `belongs to ${owner} with mode ${mode}. To change that, run: ssh alpha chown`);
  }
});

const REFUSED: [string, EnrollOptions['access']][] = [
  ['BAD_OWNER', { owner: 'www-data' }],
  ['BAD_OWNER', { owner: '1000:' }],
  ['BAD_OWNER', { owner: '4294967295' }],
  ['BAD_OWNER', { owner: '0:4294967295' }],
  ['BAD_OWNER', { owner: '--reference=/etc/shadow' }],
  ['BAD_MODE', { mode: '0789' }],
  ['BAD_MODE', { mode: 'u+w' }],
  ['BAD_MODE', { mode: '77777' }],
];

function codeOf(access: EnrollOptions['access']): string {
  const options: EnrollOptions = {
    host: 'alpha',
    ssh: { user: 'root', address: '10.77.0.11', port: 22 },
    device: '/dev/vdb',
    mountPoint: '/srv/alpha',
    serviceAddress: '10.77.0.101/24',
    networkInterface: 'eth0',
    clients: '10.77.0.0/24',
    exportOptions: 'rw',
    policy: 'manual',
    replacementTimeout_s: 12,
    lease_s: 10,
    access,
    discardData: false,
  };
  try {
    checkEnrollOptions(options);
    return 'none';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

test('owner and mode are numbers', () => {
  assert.is(codeOf({ owner: '4294967294:0', mode: '0770' }), 'none');
  assert.is(codeOf({ owner: '1000', mode: '755' }), 'none');
  for (const [code, access] of REFUSED) assert.is(codeOf(access), code, JSON.stringify(access));
});

test.run();
